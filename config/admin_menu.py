"""The admin's sidebar, in the order of a working day."""

from collections.abc import Callable
from typing import Any


def menu(url: Callable[[str], Any], _: Callable[[str], Any]) -> list[dict[str, Any]]:
    """Return unfold's navigation. `url` resolves lazily and `_` translates lazily: settings load before both."""

    def page(title: str, icon: str, name: str) -> dict[str, Any]:
        app, model = name.split("_", 1)
        return {
            "title": title,
            "icon": icon,
            "link": url(f"admin:{name}_changelist"),
            "permission": lambda request: request.user.has_perm(f"{app}.view_{model}"),
        }

    return [
        {
            "title": _("Members"),
            "separator": True,
            "items": [
                page(_("Members"), "group", "members_member"),
                page(_("Tiers"), "military_tech", "members_tier"),
            ],
        },
        {
            "title": _("Mall"),
            "separator": True,
            "items": [
                page(_("Redemptions"), "local_shipping", "mall_redemption"),
                page(_("Items"), "redeem", "mall_item"),
                page(_("Coupon codes"), "confirmation_number", "mall_couponcode"),
            ],
        },
        {
            "title": _("Earning"),
            "separator": True,
            "items": [
                page(_("Earn rules"), "rule", "growth_earnrule"),
                page(_("Behaviours"), "bolt", "growth_behaviour"),
                page(_("Orders"), "receipt_long", "growth_order"),
                page(_("Check-ins"), "event_available", "growth_checkin"),
            ],
        },
        {
            "title": _("Ledger"),
            "separator": True,
            "items": [
                page(_("Accounts"), "account_balance_wallet", "points_account"),
                page(_("Entries"), "list_alt", "points_entry"),
                page(_("Lots"), "inventory_2", "points_lot"),
                page(_("Pending points"), "hourglass_top", "points_hold"),
                page(_("Audits"), "verified", "points_audit"),
                page(_("Ledger policy"), "policy", "points_ledgerpolicy"),
            ],
        },
        {
            "title": _("System"),
            "separator": True,
            "items": [
                page(_("Partners"), "handshake", "members_partner"),
                page(_("Background jobs"), "sync", "core_outboxjob"),
                page(_("Staff"), "badge", "auth_user"),
                page(_("Staff groups"), "groups", "auth_group"),
            ],
        },
    ]
