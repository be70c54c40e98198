"""Lists by cursor: `{"next", "previous", "results"}`, newest first, stable while rows are being added."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination

POSITION = re.compile(r"\d{1,18}")


class NewestFirst(CursorPagination):
    """Pages over an increasing id. `next` and `previous` are bare cursors for the `cursor` parameter."""

    ordering = "-id"
    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = 100

    def encode_cursor(self, cursor: Cursor) -> str:
        # DRF makes an address of it; a client puts the bare text into an address itself, and escapes it then.
        return str(parse_qs(urlsplit(super().encode_cursor(cursor)).query)[self.cursor_query_param][-1])

    def decode_cursor(self, request: Any) -> Cursor | None:
        cursor = super().decode_cursor(request)
        # The position comes from the client; only an id may reach the query.
        if cursor and cursor.position is not None and not POSITION.fullmatch(str(cursor.position)):
            raise NotFound(self.invalid_cursor_message)
        return cursor
