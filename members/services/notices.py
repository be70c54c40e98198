"""The inbox: what the mall tells its members, each thing once.

Whoever tells something registers the kind with a function that makes its text, as upper apps register their panels.
A notice keeps the kind and the facts; its text is made when it is read, in the reader's language and today's wording.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from members.models import MemberStatus, Notice


class NoticeNotFound(DomainError):
    code = "notice_not_found"
    status = 404
    message = _("There is no such notice.")


@dataclass(frozen=True)
class Text:
    """A notice as the member reads it."""

    title: str
    body: str


@dataclass(frozen=True)
class Telling:
    """What one member is told: `key` makes it happen once, `params` are the facts (JSON values) of its text."""

    member_id: int
    key: str
    params: Mapping[str, Any]


Write = Callable[[Mapping[str, Any]], Text]
_kinds: dict[str, Write] = {}

# Shared locks keep an account from being closed in between: its notices are deleted then, and must not come back.
TELL = """
WITH told AS (
    SELECT * FROM unnest(%(member_ids)s::bigint[], %(keys)s::text[], %(params)s::jsonb[])
    AS telling (member_id, key, params)
), reached AS (
    SELECT id FROM members_member WHERE id = ANY (%(member_ids)s::bigint[]) AND status = ANY (%(statuses)s)
    ORDER BY id FOR SHARE
)
INSERT INTO members_notice (member_id, kind, key, params, created_at)
SELECT told.member_id, %(kind)s, told.key, told.params, %(at)s
FROM told JOIN reached ON reached.id = told.member_id ORDER BY told.member_id, told.key
ON CONFLICT (member_id, key) DO NOTHING
"""


def register_kind(kind: str, write: Write) -> None:
    """Let `write(params)` make the text of notices of this kind. Register from an app's `ready()`."""
    _kinds[kind] = write


def notify(*, member_id: int, kind: str, key: str, params: Mapping[str, Any], at: datetime) -> bool:
    """Tell a member something; return whether it is new: the same key was not told before, and the account is open."""
    return notify_many(kind=kind, tellings=[Telling(member_id, key, params)], at=at) == 1


def notify_many(*, kind: str, tellings: Sequence[Telling], at: datetime, to_frozen: bool = True) -> int:
    """Tell many members something in one statement; return how many notices are new. Closed accounts get none.

    Takes shared locks on the members' rows until the caller's transaction ends. Raises ValueError for a kind that
    nobody registered.
    """
    if kind not in _kinds:
        raise ValueError(f"No such kind of notice: {kind}")
    values: dict[str, Any] = {
        "member_ids": [telling.member_id for telling in tellings],
        "keys": [telling.key for telling in tellings],
        "params": [json.dumps(telling.params) for telling in tellings],
        "statuses": [MemberStatus.ACTIVE.value, *([MemberStatus.FROZEN.value] if to_frozen else [])],
        "kind": kind,
        "at": at,
    }
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(TELL, values)
        return int(cursor.rowcount)


def mark_read(*, member_id: int, notice_id: int, at: datetime) -> None:
    """Note that the member has read a notice of theirs; the first time counts. Raises NoticeNotFound."""
    own = Notice.objects.filter(member_id=member_id, pk=notice_id)
    if not own.filter(read_at__isnull=True).update(read_at=at) and not own.exists():
        raise NoticeNotFound


def text_of(notice: Notice) -> Text:
    """Return what the member reads. Of a kind that nobody writes any more, only that there was something."""
    write = _kinds.get(notice.kind)
    return write(notice.params) if write else Text(gettext("Notice"), "")
