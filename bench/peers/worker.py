"""`python -m bench.peers.worker prepare|run …`, inside the peers' environment. Prints JSON.

prepare FIRST LAST              make tables if there are none, and these accounts with one entry each
run PEER KIND SECONDS LAST AT   call until the seconds are over, beginning at that time of the clock
"""

import json
import os
import random
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.peers.settings"
django.setup()

# isort: split
from django.contrib.auth.models import User  # noqa: E402 - after Django is set up
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from hordak.models import Account  # noqa: E402
from moneyed import Money  # noqa: E402
from pinax.points.models import award_points  # noqa: E402

HOUSE = 0
POINTS = 10
AT_A_TIME = 5

HOUSE_ROW = """
INSERT INTO hordak_account (id, uuid, name, type, is_bank_account, currencies, lft, rght, tree_id, level)
OVERRIDING SYSTEM VALUE
VALUES (0, gen_random_uuid(), 'house', 'EX', false, '["CNY"]', 1, 2, 0, 0) ON CONFLICT DO NOTHING
"""
# The triggers check one by one what is right by construction; they are back before anything is measured.
HORDAK = """
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE hordak_account DISABLE TRIGGER USER;
ALTER TABLE hordak_leg DISABLE TRIGGER USER;
INSERT INTO hordak_account (id, uuid, name, type, is_bank_account, currencies, lft, rght, tree_id, level)
OVERRIDING SYSTEM VALUE
SELECT a, gen_random_uuid(), 'member ' || a, 'LI', false, '["CNY"]', 1, 2, a, 0
FROM generate_series({first}, {last}) a;
INSERT INTO hordak_transaction (id, uuid, timestamp, date, description)
OVERRIDING SYSTEM VALUE
SELECT a, gen_random_uuid(), now(), current_date, 'Opening' FROM generate_series({first}, {last}) a;
INSERT INTO hordak_leg (uuid, transaction_id, account_id, credit, debit, currency, description)
SELECT gen_random_uuid(), a, a, 5000, NULL, 'CNY', '' FROM generate_series({first}, {last}) a;
INSERT INTO hordak_leg (uuid, transaction_id, account_id, credit, debit, currency, description)
SELECT gen_random_uuid(), a, 0, NULL, 5000, 'CNY', '' FROM generate_series({first}, {last}) a;
SELECT setval(pg_get_serial_sequence('hordak_transaction', 'id'), {last});
ALTER TABLE hordak_account ENABLE TRIGGER USER;
ALTER TABLE hordak_leg ENABLE TRIGGER USER;
"""
# Every total another one: pinax-points renumbers all who stand between the old total and the new.
PINAX = """
INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name, email, is_staff, is_active,
    date_joined)
OVERRIDING SYSTEM VALUE
SELECT u, '', false, 'member' || u, '', '', '', false, true, now() FROM generate_series({first}, {last}) u;
INSERT INTO pinax_points_targetstat (target_user_id, points, position, level)
SELECT u, 5000 + 20 * u, NULL, 1 FROM generate_series({first}, {last}) u;
INSERT INTO pinax_points_awardedpointvalue (target_user_id, reason, points, timestamp)
SELECT u, 'Opening', 5000 + 20 * u, now() FROM generate_series({first}, {last}) u;
"""


def prepare(first: str, last: str) -> dict[str, Any]:
    """Make the tables and add the accounts."""
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(HOUSE_ROW)
        for statements in (HORDAK, PINAX):
            with transaction.atomic():
                cursor.execute(statements.format(first=int(first), last=int(last)))
        cursor.execute("VACUUM ANALYZE")
    return {"django": django.get_version()}


def run(peer: str, kind: str, seconds: str, last: str, at: str) -> dict[str, Any]:
    """Call as often as it goes."""
    call, sign = CALLS[peer], 1 if kind == "earn" else -1
    numbers, accounts = random.Random(), int(last)
    call(numbers.randint(1, accounts), sign * POINTS)
    time.sleep(max(0.0, float(at) - time.time()))
    calls, cpu, started = 0, _own_cpu(), time.perf_counter()
    while (passed := time.perf_counter() - started) < float(seconds):
        for _one in range(AT_A_TIME):
            call(numbers.randint(1, accounts), sign * POINTS)
        calls += AT_A_TIME
    return {"calls": calls, "seconds": passed, "cpu": _own_cpu() - cpu}


def _hordak(member: int, points: int) -> None:
    """Move money between the house and the member. Nothing asks whether the member has so much."""
    with transaction.atomic():
        account, house = Account.objects.get(pk=member), Account.objects.get(pk=HOUSE)
        giver, taker = (account, house) if points > 0 else (house, account)
        giver.transfer_to(taker, Money(abs(points), "CNY"), description="Daily check-in")


def _pinax(member: int, points: int) -> None:
    """Award points; spending is an award of less than nothing. No transaction around it: two of them would deadlock."""
    award_points(User.objects.get(pk=member), points, reason="Daily check-in")


CALLS: dict[str, Callable[[int, int], None]] = {"django-hordak": _hordak, "pinax-points": _pinax}


def _own_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    print(json.dumps({"prepare": prepare, "run": run}[sys.argv[1]](*sys.argv[2:])))
