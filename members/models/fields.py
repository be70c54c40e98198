"""How this app writes its foreign keys."""

from typing import Any

from django.db import models


def belongs_to(model: str, label: Any, **options: Any) -> Any:
    """Return a foreign key as this project writes them: downwards, protected, without a way back.

    Indexes are named one by one where a query reads them, so the automatic one is off.
    """
    return models.ForeignKey(
        model, verbose_name=label, on_delete=models.PROTECT, related_name="+", **{"db_index": False} | options
    )
