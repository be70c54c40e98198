"""What a report is, and what it is answered: shared by the behaviours' handlers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from growth import rules


class Status:
    """The statuses of API.md's `POST events`."""

    AWARDED = "awarded"
    PENDING = "pending"
    NONE = "none"
    DUPLICATE = "duplicate"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True)
class Reporter:
    """The partner who reports. `is_history`: the key may report the past, and what it reports is history.

    History is awarded at the plain rate: which tier somebody held back then is not known here. Its points' life
    counts from the day of the act.
    """

    partner_id: int
    behaviours: frozenset[str]
    is_history: bool

    @property
    def origin(self) -> str:
        """Return the name under which the partner's event ids are unique."""
        return f"partner:{self.partner_id}"


@dataclass(frozen=True, kw_only=True)
class Report:
    """One valid event of a known member. `at` is now, `occurred_at` when it happened."""

    reporter: Reporter
    member_id: int
    data: Mapping[str, Any]
    occurred_at: datetime
    at: datetime
    tier_name: str
    tier_multiplier: Decimal
    terms: list[rules.Terms] = field(default_factory=list)

    @property
    def partner_id(self) -> int:
        """Return the reporting partner's id."""
        return self.reporter.partner_id

    @property
    def is_history(self) -> bool:
        """Return whether this is a report of the past."""
        return self.reporter.is_history

    def rules_for(self, behaviour: str) -> list[rules.Terms]:
        """Return the rules that were in force for the behaviour when it happened."""
        return [terms for terms in self.terms if terms.behaviour == behaviour and terms.applies_at(self.occurred_at)]


@dataclass(frozen=True, kw_only=True)
class Result:
    """The answer to one event."""

    status: str
    award: dict[str, Any] | None = None
    code: str | None = None
    message: str | None = None

    def answer(self, event_id: str) -> dict[str, Any]:
        """Return the API's line for the event; what there is nothing to say about is left out."""
        facts = {"status": self.status, "award": self.award, "code": self.code, "message": self.message}
        return {"event_id": event_id} | {name: value for name, value in facts.items() if value is not None}
