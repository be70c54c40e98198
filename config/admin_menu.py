"""The admin's sidebar, in the order of a working day."""

from typing import Any

from django.urls import reverse_lazy
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


def _page(title: Promise, icon: str, name: str) -> dict[str, Any]:
    app, model = name.split("_", 1)
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{name}_changelist"),
        "permission": lambda request: request.user.has_perm(f"{app}.view_{model}"),
    }


def _section(title: Promise, *pages: dict[str, Any]) -> dict[str, Any]:
    return {"title": title, "separator": True, "items": list(pages)}


NAVIGATION = [
    _section(
        _("Members"),
        _page(_("Members"), "group", "members_member"),
        _page(_("Tiers"), "military_tech", "members_tier"),
    ),
    _section(
        _("Mall"),
        _page(_("Redemptions"), "local_shipping", "mall_redemption"),
        _page(_("Items"), "redeem", "mall_item"),
        _page(_("Coupon codes"), "confirmation_number", "mall_couponcode"),
    ),
    _section(
        _("Earning"),
        _page(_("Earn rules"), "rule", "growth_earnrule"),
        _page(_("Behaviours"), "bolt", "growth_behaviour"),
        _page(_("Orders"), "receipt_long", "growth_order"),
        _page(_("Check-ins"), "event_available", "growth_checkin"),
    ),
    _section(
        _("Ledger"),
        _page(_("Accounts"), "account_balance_wallet", "points_account"),
        _page(_("Entries"), "list_alt", "points_entry"),
        _page(_("Lots"), "inventory_2", "points_lot"),
        _page(_("Pending points"), "hourglass_top", "points_hold"),
        _page(_("Adjustments"), "approval", "points_adjustment"),
        _page(_("Transfers"), "swap_horiz", "points_transfer"),
        _page(_("Audits"), "verified", "points_audit"),
        _page(_("Checkpoints"), "workspace_premium", "points_checkpoint"),
        _page(_("Ledger policy"), "policy", "points_ledgerpolicy"),
    ),
    _section(
        _("Finance"),
        {
            "title": _("Liability and closing"),
            "icon": "account_balance",
            "link": reverse_lazy("finance"),
            "permission": lambda request: request.user.has_perm("points.view_dayclose"),
        },
        _page(_("Points of the days"), "calendar_view_day", "points_bookday"),
        _page(_("Classes of sources"), "label", "points_sourceclass"),
        _page(_("Finance policy"), "price_change", "points_financepolicy"),
    ),
    _section(
        _("System"),
        _page(_("Partners"), "handshake", "members_partner"),
        _page(_("Nightly runs"), "bedtime", "core_chainrun"),
        _page(_("Background jobs"), "sync", "core_outboxjob"),
        _page(_("Staff"), "badge", "auth_user"),
        _page(_("Staff groups"), "groups", "auth_group"),
    ),
]
