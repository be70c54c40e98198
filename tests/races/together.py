"""Doing things at the same moment, on connections of their own, and taking constraints away for control tests."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from django.db import connection, connections

Result = TypeVar("Result")
START_SECONDS = 30


def at_once(calls: Sequence[Callable[[], Result]]) -> list[Result]:
    """Start each call in its own thread at the same moment; return the results in order, or raise the first error."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Result]) -> Result:
        try:
            # Connecting takes longer than what is to be raced.
            connection.ensure_connection()
            barrier.wait(timeout=START_SECONDS)
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=len(calls)) as pool:
        return list(pool.map(run, calls))


@contextmanager
def without_constraint(table: str, name: str) -> Iterator[None]:
    """Take a constraint away; empty the table before it comes back, as its rows may break it by then."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name])
        (definition,) = cursor.fetchone()
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {table} CASCADE")
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
