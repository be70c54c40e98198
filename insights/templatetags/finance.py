"""Numbers as finance reads them."""

from typing import Any

from django import template

register = template.Library()


@register.filter
def number(value: Any) -> Any:
    """Return an integer with separators for thousands; anything else as it is."""
    return f"{value:,}" if isinstance(value, int) else value
