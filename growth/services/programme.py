"""The default programme: all its numbers are data, in growth/programmes/."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from growth.models import EarnRule
from members.services.tiers import load_tiers
from points.services.policy import load_finance_policy, load_policy

PROGRAMMES = Path(__file__).parent.parent / "programmes"


class UnknownProgramme(DomainError):
    code = "unknown_programme"
    status = 404
    message = _("There is no such programme.")


@dataclass(frozen=True)
class Loaded:
    """How many rows a load created."""

    tiers: int
    rules: int


def names() -> list[str]:
    """Return the programmes that can be loaded."""
    return sorted(path.stem for path in PROGRAMMES.glob("*.json"))


def load_programme(*, name: str, reset: bool = False) -> Loaded:
    """Create the programme's tiers, policies, source classes and earn rules that are missing.

    What staff changed stays, unless `reset`: then the programme's figures are written over it, as a new version.
    Raises UnknownProgramme.
    """
    if name not in names():
        raise UnknownProgramme(detail={"programmes": names()})
    programme = json.loads((PROGRAMMES / f"{name}.json").read_text(encoding="utf-8"))
    with transaction.atomic():
        tiers = load_tiers(tiers=programme["tiers"], reset=reset)
        load_policy(policy=programme["ledger_policy"], reset=reset)
        load_finance_policy(policy=programme["finance_policy"], classes=programme["source_classes"], reset=reset)
        rules = sum(_load_rule(facts, reset=reset) for facts in programme["earn_rules"])
    return Loaded(tiers=tiers, rules=rules)


def _load_rule(facts: dict[str, Any], *, reset: bool) -> bool:
    rule = EarnRule.objects.filter(code=facts["code"]).first()
    if rule is not None and not reset:
        return False
    created = rule is None
    rule = rule or EarnRule(version=0)
    for name, value in facts.items():
        setattr(rule, name, value)
    rule.version += 1
    rule.full_clean()
    rule.save()
    return created
