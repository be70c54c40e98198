"""Who among staff may do what. One table; `manage.py sync_staff_groups` makes the database follow it.

Nobody may edit entries, lots or redemptions: admin has no forms for them, and no group the right.
A house that wants other rights makes a group of its own beside these four, which are put back at each start.
"""

from collections.abc import Iterable

from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Concat

SEE_MEMBERS = ("members.view_member", "members.view_tier")
SEE_LEDGER = (
    "points.view_account",
    "points.view_entry",
    "points.view_lot",
    "points.view_hold",
)
SEE_EARNING = (
    "growth.view_earnrule",
    "growth.view_behaviour",
    "growth.view_order",
    "growth.view_checkin",
)
# Codes stay masked: reading them in full is worth money, and nobody's daily work.
SEE_MALL = (
    "mall.view_category",
    "mall.view_item",
    "mall.view_redemption",
    "mall.view_redemptionmove",
    "mall.view_couponcode",
)
SEE_EVERYTHING_DAILY = SEE_MEMBERS + SEE_LEDGER + SEE_EARNING + SEE_MALL

GROUPS: dict[str, tuple[str, ...]] = {
    # Runs rules, tiers and the mall, and ships.
    "ops": (
        *SEE_EVERYTHING_DAILY,
        "growth.add_earnrule",
        "growth.change_earnrule",
        "members.add_tier",
        "members.change_tier",
        "mall.add_category",
        "mall.change_category",
        "mall.delete_category",
        "mall.add_item",
        "mall.change_item",
        "mall.import_codes",
        "mall.set_stock",
        "mall.ship_redemption",
        "mall.cancel_redemption",
        "points.view_transfer",
        "points.view_adjustment",
        "points.add_adjustment",
        "points.view_sourceclass",
        "points.add_sourceclass",
        "points.change_sourceclass",
        "members.view_partner",
        "core.view_chainrun",
        "core.resume_chainrun",
        "core.view_outboxjob",
        "core.change_outboxjob",  # to try given-up jobs again
    ),
    # Reads all that is worth money, closes days, and is the second person for corrections; it cannot ask for one.
    "finance": (
        *SEE_EVERYTHING_DAILY,
        "growth.view_orderrefund",
        "members.view_partner",
        "core.view_chainrun",
        "points.view_audit",
        "points.view_auditfinding",
        "points.view_checkpoint",
        "points.view_ledgerpolicy",
        "points.view_dayclose",
        "points.view_bookday",
        "points.close_day",
        "points.view_financepolicy",
        "points.change_financepolicy",
        "points.view_sourceclass",
        "points.add_sourceclass",
        "points.change_sourceclass",
        "points.view_transfer",
        "points.view_adjustment",
        "points.approve_adjustment",
    ),
    # Looks into members and stops them. Ties between accounts show in phones and addresses.
    "risk": (
        *SEE_EVERYTHING_DAILY,
        "points.view_transfer",
        "points.reverse_transfer",
        "points.view_adjustment",
        "points.decide_hold",
        "members.freeze_member",
        "members.view_personal_data",
        "members.view_identity",
        "members.view_device",
        "members.view_session",
        "members.view_address",
        "members.view_statuschange",
        "members.view_tierchange",
        "growth.view_review",
    ),
    # Answers members: where is my parcel, why these points. Calls redemptions off for them.
    "support": (
        *SEE_EVERYTHING_DAILY,
        "points.view_transfer",
        "points.view_adjustment",
        "members.view_personal_data",
        "members.view_address",
        "members.view_statuschange",
        "members.view_tierchange",
        "mall.cancel_redemption",
    ),
}


def sync_groups() -> dict[str, int]:
    """Give each group exactly the permissions of GROUPS; return how many each has.

    Raises ImproperlyConfigured, changing nothing, when GROUPS names a permission that does not exist.
    """
    known = _permissions({label for labels in GROUPS.values() for label in labels})
    with transaction.atomic():
        for name, labels in GROUPS.items():
            group, _created = Group.objects.get_or_create(name=name)
            group.permissions.set([known[label] for label in labels])
    return {name: len(labels) for name, labels in GROUPS.items()}


def _permissions(labels: Iterable[str]) -> dict[str, int]:
    """Return {"app.codename": id} for all labels."""
    wanted = set(labels)
    label = Concat(F("content_type__app_label"), Value("."), F("codename"))
    known = dict(Permission.objects.annotate(label=label).filter(label__in=wanted).values_list("label", "pk"))
    if unknown := wanted - known.keys():
        raise ImproperlyConfigured(f"config/groups.py names unknown permissions: {', '.join(sorted(unknown))}")
    return known
