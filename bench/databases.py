"""Scratch databases on the server that DATABASE_URL names. The database it names itself is never touched."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2

ROOT = Path(__file__).resolve().parent.parent
SET_UP = """
import django
from django.core.management import call_command
django.setup()
call_command("migrate", verbosity=0)
call_command("load_programme", "ecommerce", verbosity=0)
"""
PREFIX = f"bench_{os.getpid()}_"


@dataclass
class Databases:
    """Makes databases, also as copies of each other, and drops at the end whatever it made."""

    server: str
    made: list[str] = field(default_factory=list)

    def __enter__(self) -> "Databases":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for name in list(self.made):
            self.drop(name)

    def migrated(self, name: str) -> str:
        """Make a database with the product's tables, empty but for its programme; return its address."""
        url = self.create(name)
        environment = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "bench.settings"}
        subprocess.run([sys.executable, "-c", SET_UP], env=environment, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        return url

    def create(self, name: str, *, like: str | None = None) -> str:
        """Make a database, empty or as a copy of another one that nobody is connected to; return its address."""
        # Copying files is what makes a copy of some gigabytes a matter of seconds.
        template = f'"{PREFIX}{like}"' if like else "template1"
        with cursor(self.server) as at_server:
            at_server.execute(f'CREATE DATABASE "{PREFIX}{name}" TEMPLATE {template} STRATEGY FILE_COPY')
        self.made.append(name)
        return urlunsplit(urlsplit(self.server)._replace(path=f"/{PREFIX}{name}"))

    def drop(self, name: str) -> None:
        """Remove a database, with whoever is still connected to it."""
        with cursor(self.server) as at_server:
            at_server.execute(f'DROP DATABASE IF EXISTS "{PREFIX}{name}" WITH (FORCE)')
        self.made.remove(name)

    def settle(self) -> None:
        """Let everything be written that waits to be: making a database by copying files is a checkpoint."""
        self.create("settle", like=None)
        self.drop("settle")

    @contextmanager
    def copy(self, like: str, name: str) -> Iterator[str]:
        """Lend a copy of a database. Making one ends with a checkpoint, so nothing is left to write."""
        url = self.create(name, like=like)
        try:
            yield url
        finally:
            self.drop(name)


@contextmanager
def cursor(url: str) -> Iterator[Any]:
    """Lend a cursor whose statements commit one by one."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as lent:
            yield lent
    finally:
        connection.close()
