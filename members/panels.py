"""What upper apps show on the member's admin pages: they register here, so members/ never imports them.

Register from an `admin` module or an app's `ready()`; the pages read the lists at each request, so order of
loading does not matter.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models.expressions import BaseExpression
from django.utils.functional import Promise

Text = str | Promise


@dataclass(frozen=True, kw_only=True)
class Link:
    """A way from a member's page to something that can be done, for who has `permission`."""

    label: Text
    address: Callable[[int], str]
    permission: str


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A table under the member's form.

    `rows(member_id)` returns one sequence of cells per row, in the order of `headers`; keep it short, it is
    read at each display. `permission` ("points.view_entry") says who sees it. `more(member_id)` returns the address
    of the page with all rows, or is None. `link` leads to what can be done about them.
    """

    title: Text
    headers: Sequence[Text]
    rows: Callable[[int], Sequence[Sequence[Any]]]
    permission: str
    more: Callable[[int], str] | None = None
    link: Link | None = None


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of the member list: `expression` is evaluated for each member row, OuterRef("pk") being its id."""

    name: str
    label: Text
    expression: BaseExpression


panels: list[Panel] = []
columns: dict[str, Column] = {}


def register(panel: Panel) -> None:
    """Show the panel on each member's page, below those registered before."""
    if panel not in panels:
        panels.append(panel)


def register_column(name: str, label: Text, expression: BaseExpression) -> None:
    """Show `expression` as the sortable column `name` of the member list."""
    columns[name] = Column(name=name, label=label, expression=expression)
