"""The ladder of tiers, as the programme defines it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from members.models import Tier
from members.rules import is_ladder

FIELDS = ("name", "level", "growth_threshold", "earn_multiplier", "benefits")


def load_tiers(*, tiers: Sequence[Mapping[str, Any]], reset: bool = False) -> int:
    """Create the tiers that are missing and return how many; with `reset`, also set the others back.

    Each mapping holds code, name, level, growth_threshold, earn_multiplier (text or Decimal) and benefits.
    Raises ValueError when the tiers, together with those that exist, would not form a ladder.
    """
    created = 0
    with transaction.atomic():
        existing = {tier.code: tier for tier in Tier.objects.select_for_update()}
        for facts in tiers:
            tier = existing.get(facts["code"])
            if tier and not reset:
                continue
            created += tier is None
            tier = tier or Tier(code=facts["code"])
            for name in FIELDS:
                setattr(tier, name, facts[name])
            tier.save()
        if not is_ladder(list(Tier.objects.values_list("level", "growth_threshold"))):
            raise ValueError("Tiers must start at growth value 0 and need more at each level.")
    return created


def lowest_tier() -> Tier:
    """Return the tier everybody starts with. Raises ImproperlyConfigured when no programme is loaded."""
    tier = Tier.objects.order_by("level").first()
    if tier is None:
        raise ImproperlyConfigured("There are no tiers yet: run manage.py load_programme first.")
    return tier
