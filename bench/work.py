"""What the calling processes do: loops of one kind of call, timed from inside. Each process has its own Django."""

import functools
import random
import resource
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import psycopg2
from django.conf import settings
from django.db import transaction

from bench.callers import Done
from bench.data import DAYS_APART, LOTS, SOURCE
from bench.movements import BREAKDOWN, POINTS
from core.business_time import business_day, now
from points import selectors
from points.ledger import movements

EARN = "SELECT * FROM lean_earn(%s, %s, %s, %s)"
SPEND = "SELECT * FROM lean_spend(%s, %s, %s, %s)"
# Enough that the loop's look at the clock costs nothing.
AT_A_TIME = 50
PAGE = 20


def loop(call: Callable[[random.Random], Any], seconds: float) -> Done:
    """Call as often as it goes in so many seconds."""
    numbers = random.Random()
    for _warm_up in range(20):
        call(numbers)
    calls, cpu, started = 0, _own_cpu(), time.perf_counter()
    while (passed := time.perf_counter() - started) < seconds:
        for _one in range(AT_A_TIME):
            call(numbers)
        calls += AT_A_TIME
    return Done(calls, passed, _own_cpu() - cpu)


@functools.cache
def kinds(accounts: int) -> dict[str, Callable[[random.Random], Any]]:
    """Return the movements by name, over so many accounts."""
    at = now()
    return {
        **_lean(accounts, business_day(at), autocommit=True),
        **_lean(accounts, business_day(at), autocommit=False),
        "earn": lambda numbers: _earn(numbers, accounts, at),
        "spend": lambda numbers: _spend(numbers, accounts, at),
    }


def _lean(accounts: int, on: date, *, autocommit: bool) -> dict[str, Callable[[random.Random], Any]]:
    database = settings.DATABASES["default"]
    lean = psycopg2.connect(
        dbname=database["NAME"], user=database["USER"], password=database["PASSWORD"], host=database["HOST"],
        port=database["PORT"],
    )  # fmt: skip
    lean.autocommit = autocommit

    def run(statement: str, values: list[Any]) -> None:
        with lean.cursor() as cursor:
            cursor.execute(statement, values)
            cursor.fetchone()
        if not autocommit:
            lean.commit()

    def earn(numbers: random.Random) -> None:
        run(EARN, [numbers.randint(1, accounts), POINTS, f"check_in:{numbers.getrandbits(60)}", _day(numbers, on)])

    def spend(numbers: random.Random) -> None:
        run(SPEND, [numbers.randint(1, accounts), POINTS, f"redemption:{numbers.getrandbits(60)}", on])

    how = "autocommit" if autocommit else "commit"
    return {f"earn, psycopg2, {how}": earn, f"spend, psycopg2, {how}": spend}


def _earn(numbers: random.Random, accounts: int, at: datetime) -> None:
    with transaction.atomic():
        movements.earn(
            member_id=numbers.randint(1, accounts),
            points=POINTS,
            key=f"check_in:{numbers.getrandbits(60)}",
            counterparty=SOURCE,
            source="rule:check_in",
            title="Daily check-in",
            breakdown=BREAKDOWN,
            expires_on=_day(numbers, business_day(at)),
            at=at,
        )


def _spend(numbers: random.Random, accounts: int, at: datetime) -> None:
    number = numbers.getrandbits(60)
    with transaction.atomic():
        movements.spend(
            member_id=numbers.randint(1, accounts),
            points=POINTS,
            key=f"redemption:{number}",
            counterparty="mall",
            source=f"redemption:{number}",
            title="A cup of coffee",
            at=at,
        )


def _day(numbers: random.Random, on: date) -> date:
    return on + timedelta(days=DAYS_APART * numbers.randint(1, LOTS))


def look(name: str, member_id: int, calls: int) -> float:
    """Read the balance or the statement's first page so often; return this process's CPU seconds."""
    on = business_day(now())
    reads: dict[str, Callable[[], Any]] = {
        "balance": lambda: selectors.balance(member_id=member_id, on=on),
        "first page of the statement": lambda: list(
            selectors.statement(member_id=member_id).order_by("-id").values()[:PAGE]
        ),
    }
    before = _own_cpu()
    for _one in range(calls):
        reads[name]()
    return _own_cpu() - before


def _own_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
