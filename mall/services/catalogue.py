"""Shelves and items put up by a program; staff do the same in admin."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from mall.models import Category, Item


def load_category(*, name: str, sort: int) -> int:
    """Return the id of the category with this name, made if need be."""
    category, _created = Category.objects.get_or_create(name=name, defaults={"sort": sort})
    return category.pk


def load_item(*, facts: Mapping[str, Any]) -> tuple[int, bool]:
    """Return the id of the item with this title, and whether it was made now, from `facts` (fields of Item).

    An item that exists stays as staff changed it. A new one has no stock yet: mall.services.stock and
    mall.services.codes bring it in. Raises django.core.exceptions.ValidationError.
    """
    with transaction.atomic():
        existing = Item.objects.filter(title=facts["title"]).order_by("pk").first()
        if existing is not None:
            return existing.pk, False
        item = Item(**facts)
        item.full_clean()
        item.save(force_insert=True)
        return item.pk, True
