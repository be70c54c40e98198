"""The policies that come with the programme: the ledger's, and finance's estimates and classes."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Model

from points.models import FinancePolicy, LedgerPolicy, SourceClass


def load_policy(*, policy: Mapping[str, Any], reset: bool) -> None:
    """Create the ledger's policy row; overwrite what staff changed only when `reset`.

    `policy` maps the row's fields to values; what it leaves out gets the model's default.
    """
    _load_row(LedgerPolicy.objects.filter(pk=1).first(), LedgerPolicy(), values=policy, reset=reset)


def load_finance_policy(*, policy: Mapping[str, Any], classes: Iterable[Mapping[str, Any]], reset: bool) -> None:
    """Create finance's policy row and the missing source classes; overwrite what staff changed only when `reset`.

    `policy` and `classes` map fields to values.
    """
    _load_row(FinancePolicy.objects.filter(pk=1).first(), FinancePolicy(), values=policy, reset=reset)
    for one in classes:
        known = SourceClass.objects.filter(prefix=one["prefix"]).first()
        _load_row(known, SourceClass(), values=one, reset=reset)


def _load_row(known: Model | None, new: Model, *, values: Mapping[str, Any], reset: bool) -> None:
    row = known or new
    if known is None or reset:
        for name, value in values.items():
            setattr(row, name, value)
        row.full_clean(exclude=["id"])
        row.save()
