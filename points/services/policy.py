"""The ledger policy that comes with the programme."""

from collections.abc import Mapping
from typing import Any

from points.models import LedgerPolicy


def load_policy(*, policy: Mapping[str, Any], reset: bool) -> None:
    """Create the ledger's policy row; overwrite what staff changed only when `reset`.

    `policy` maps the row's fields to values; what it leaves out gets the model's default.
    """
    row = LedgerPolicy.objects.filter(pk=1).first()
    if row is None or reset:
        row = row or LedgerPolicy()
        for name, value in policy.items():
            setattr(row, name, value)
        row.full_clean(exclude=["id"])
        row.save()
