"""The audit finds what is off. Every invariant is broken here once, behind the constraints' back."""

from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from members.models import Member
from points import audit
from points.models import AuditFinding
from points.services import audits
from tests.points.book import NOON, SOON, earn, faults, hold, refund, spend, take_back

SABOTAGE: dict[str, tuple[str, list[str]]] = {
    "balance": (
        "UPDATE points_account SET balance = balance + 1",
        [
            "i01_balance_is_sum_of_entries balance",
            "i02_balance_is_sum_of_lots balance",
            "i11_books_sum_to_zero all members",
        ],
    ),
    "debt": ("UPDATE points_account SET debt = debt + 5", ["i01_balance_is_sum_of_entries debt"]),
    "pending": ("UPDATE points_account SET pending = pending + 5", ["i02_balance_is_sum_of_lots pending"]),
    "lot": (
        "UPDATE points_lot SET remaining = remaining - 1 WHERE remaining > 0",
        ["i02_balance_is_sum_of_lots balance", "i03_lots_conserve_points lot"],
    ),
    "negative": (
        "UPDATE points_account SET pending = -1",
        ["i02_balance_is_sum_of_lots pending", "i04_nothing_negative account"],
    ),
    "lost share": (
        "UPDATE points_entry SET lot_ids = '{}', lot_points = '{}' WHERE kind = 'spend'",
        ["i03_lots_conserve_points lot", "i06_entries_are_paid_by_lots entry"],
    ),
    "share of another sign": (
        """
        UPDATE points_entry SET lot_ids = lot_ids || lot_ids[1], lot_points = ARRAY[lot_points[1] - 7, 7]
        WHERE kind = 'take_back'
        """,
        ["i03_lots_conserve_points lot", "i06_entries_are_paid_by_lots entry"],
    ),
    "refunded twice": (
        """
        INSERT INTO points_entry (member_id, kind, amount, debt_change, balance_after, counterparty, source, title, key,
            lot_ids, lot_points, reverses_id, occurred_at)
        SELECT member_id, kind, amount, 0, balance_after + amount, counterparty, source, title, 'again',
            '{}', '{}', reverses_id, occurred_at
        FROM points_entry WHERE kind = 'refund'
        """,
        [
            "i01_balance_is_sum_of_entries balance",
            "i06_entries_are_paid_by_lots entry",
            "i08_balance_after_is_running_sum entry",
            "i11_books_sum_to_zero all members",
            "x1_totals_match_entries spent in all",
        ],
    ),
    "same key twice": (
        "UPDATE points_entry SET key = 'same'",
        ["i07_key_has_one_effect key same"],
    ),
    "running balance": (
        "UPDATE points_entry SET balance_after = balance_after + 1 WHERE kind = 'award'",
        ["i08_balance_after_is_running_sum entry"],
    ),
    "totals": ("UPDATE points_account SET earned_total = earned_total + 1", ["x1_totals_match_entries earned in all"]),
    "sign": (
        "UPDATE points_entry SET kind = 'adjust', debt_change = 1 WHERE kind = 'spend'",
        [
            "i01_balance_is_sum_of_entries debt",
            "i03_lots_conserve_points lot",
            "x1_totals_match_entries spent in all",
            "x3_signs_fit_kinds entry",
        ],
    ),
    "transfer": (
        "UPDATE points_entry SET counterparty = 'transfer' WHERE kind = 'take_back'",
        ["i11_books_sum_to_zero transfers", "x4_transfers_and_adjustments_are_booked t"],
    ),
    "release": (
        "UPDATE points_hold SET status = 'released', ended_at = now()",
        ["i02_balance_is_sum_of_lots pending", "x2_holds_match_entries hold"],
    ),
}


@pytest.fixture
def books(alice: Member) -> int:
    """A ledger with one of everything; returns the member's id."""
    earn(alice.pk, 100, key="a")
    earn(alice.pk, 60, key="b", on=SOON)
    spend(alice.pk, 80, key="s")
    refund(alice.pk, "s", key="r", points=30)
    take_back(alice.pk, "a", 10, key="t")
    hold(alice.pk, 40, key="h")
    return alice.pk


@pytest.fixture
def unguarded(db: None) -> Callable[[str], None]:
    """Return a function that runs SQL with triggers off and the checks and unique keys of the ledger dropped."""

    def run(sql: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(
                "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint"
                " WHERE conrelid::regclass::text LIKE 'points\\_%%' AND contype IN ('c', 'u')"
            )
            for (statement,) in cursor.fetchall():
                cursor.execute(statement)
            cursor.execute("ALTER TABLE points_entry DISABLE TRIGGER USER")
            cursor.execute(sql)

    return run


def test_sound_books_pass(books: int) -> None:
    assert faults() == []


@pytest.mark.parametrize("what", SABOTAGE)
def test_what_is_off_is_found_and_named(books: int, unguarded: Callable[[str], None], what: str) -> None:
    sql, expected = SABOTAGE[what]

    unguarded(sql)

    findings = audit.check().findings
    found = {f"{finding.invariant} {finding.subject}" for finding in findings}
    for name in expected:
        assert any(fault.startswith(name) for fault in found), (name, found)
    assert {finding.invariant for finding in findings} == {name.split()[0] for name in expected}
    assert all(finding.member_id == books for finding in findings if finding.member_id is not None)


def test_every_invariant_is_broken_by_some_sabotage() -> None:
    covered = {name.split()[0] for _sql, names in SABOTAGE.values() for name in names}

    assert covered == {name for name, path in audit.invariants().items() if path.parts[-4] == "points"}


def test_the_nightly_audit_is_kept_with_its_findings(books: int, unguarded: Callable[[str], None]) -> None:
    assert audits.run_audit(at=NOON).findings_total == 0
    unguarded("UPDATE points_account SET debt = debt + 5")

    run = audits.run_audit(at=NOON)

    assert run.findings_total == 1
    finding = AuditFinding.objects.get(audit=run)
    assert (finding.member_id, finding.expected, finding.actual) == (books, 0, 5)


def test_the_command_says_which_member_and_which_invariant(
    books: int, unguarded: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("audit_ledger")
    assert "Audit clean: 1 accounts, 5 entries" in capsys.readouterr().out
    unguarded("UPDATE points_account SET debt = debt + 5")

    with pytest.raises(CommandError, match="1 findings"):
        call_command("audit_ledger")

    line = f"i01_balance_is_sum_of_entries: member {books}, debt: expected 0, is 5"
    assert line in capsys.readouterr().out
