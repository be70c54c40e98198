"""The one kind of error a use case may raise at its caller.

A subclass is declared in the module that raises it. Its `status` follows the meaning, not the place:
400 payload, 401 who are you, 402 not enough points, 403 not allowed, 404 not yours or not there,
409 the state of the business says no, 422 key reused with another body, 429 too often, 503 try again.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class DomainError(Exception):
    """A refusal a client can understand: `code` for programs, `message` for people.

    `detail` holds further facts as plain JSON values, `fields` the messages per body field,
    `retry_after` the seconds after which a repeat makes sense.
    """

    code: ClassVar[str] = "domain_error"
    status: ClassVar[int] = 409
    message: ClassVar[str | Promise] = _("This is not possible.")

    def __init__(
        self,
        *,
        detail: Mapping[str, Any] | None = None,
        fields: Mapping[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(self.code)
        self.detail = detail
        self.fields = fields
        self.retry_after = retry_after


def all_error_classes(base: type[DomainError] = DomainError) -> set[type[DomainError]]:
    """Return every declared error class; docs/api.md is compared with this list."""
    found = set()
    for child in base.__subclasses__():
        found |= {child} | all_error_classes(child)
    return found
