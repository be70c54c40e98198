"""What each index and each constraint of the ledger's hot tables costs an award and a spend.

Copies of the same database, one thing taken away from each, measured in turns; and some with one thing added that the
ledger does without. The complete tables stand twice in the list, so that the noise shows.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from statistics import median
from typing import Any

from bench import data, movements
from bench.data import Size
from bench.databases import Databases, cursor
from bench.pgbench import Amount, Reading, Script, in_turns
from bench.report import Report, Table
from bench.server import Server

# So many copies of a larger database would not fit into memory.
ACCOUNTS_AT_MOST = 50_000
TABLES = ("points_account", "points_lot", "points_entry")
COMPLETE = "complete"
AGAIN = "complete, once more"

CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = ANY (%s::regclass[]) AND (contype IN ('c', 'f', 'u') OR conname = 'points_entry_pkey')
ORDER BY array_position(%s::regclass[], conrelid), contype, conname
"""
INDEXES = """
SELECT indrelid::regclass::text, indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = ANY (%s::regclass[]) AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)
ORDER BY array_position(%s::regclass[], indrelid), 2
"""
FUNCTIONS = "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname IN ('points_earn', 'points_spend')"
REPEATS = "ON CONFLICT (member_id, key) DO NOTHING"

ADDED = {
    "+ CHECK that signs fit kinds": [
        """ALTER TABLE points_entry ADD CONSTRAINT signs_fit_kinds CHECK (
        (kind IN ('award', 'refund', 'transfer_in') AND amount > 0 AND debt_change = 0)
        OR (kind IN ('spend', 'expire', 'transfer_out') AND amount < 0 AND debt_change = 0)
        OR (kind = 'take_back' AND amount <= 0 AND debt_change >= 0)
        OR (kind = 'repay' AND amount < 0 AND debt_change = amount)
        OR (kind = 'adjust' AND amount <> 0 AND debt_change = 0))"""
    ],
    "+ foreign keys of lot and entry": [
        f"ALTER TABLE {table} ADD FOREIGN KEY (member_id) REFERENCES members_member (id) DEFERRABLE INITIALLY DEFERRED"
        for table in TABLES[1:]
    ],
    "+ index on an entry's time": ["CREATE INDEX ON points_entry (created_at)"],
    "fillfactor 100": [
        f"ALTER TABLE {table} RESET (fillfactor)" for table in TABLES[:2]
    ] + [f"VACUUM FULL {table}" for table in TABLES[:2]],
}  # fmt: skip


def measure(
    report: Report, server: Server, databases: Databases, accounts: int, amount: Amount, *, few: bool = False
) -> None:
    """Add the table of this part to the report; `few` leaves out most, to see only that it runs."""
    size = Size(min(accounts, ACCOUNTS_AT_MOST))
    data.load_product(databases.create("schema", like=data.EMPTY), size)
    with ExitStack() as copies:
        urls = {}
        variants = _variants(databases)
        if few:
            variants = {name: variants[name] for name in (COMPLETE, "- entry_once_per_key (UNIQUE)", *ADDED, AGAIN)}
        for number, (name, statements) in enumerate(variants.items()):
            urls[name] = copies.enter_context(databases.copy("schema", f"schema_{number}"))
            _prepare(urls[name], statements)
        databases.settle()
        scripts = dict(_scripts(urls, size))
        found = in_turns(server, databases.server, scripts, amount)
    report.show(_table(found, size))


def _variants(databases: Databases) -> dict[str, list[str]]:
    """Return what is done to each copy, by what the table calls it."""
    tables = list(TABLES)
    variants: dict[str, list[str]] = {COMPLETE: []}
    with databases.copy("schema", "schema_look") as url, cursor(url) as at_copy:
        at_copy.execute(CONSTRAINTS, [tables, tables])
        for table, name, definition in at_copy.fetchall():
            change = [f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE"]
            if name == "entry_once_per_key":
                change += _functions_without_repeats(at_copy)
            variants[f"- {name} ({definition.split(' ')[0]})"] = change
        at_copy.execute(INDEXES, [tables, tables])
        for _table_name, name, _definition in at_copy.fetchall():
            variants[f"- {name} (index)"] = [f"DROP INDEX {name}"]
    return {**variants, **ADDED, AGAIN: []}


def _functions_without_repeats(at_copy: Any) -> list[str]:
    at_copy.execute(FUNCTIONS)
    return [source.replace(REPEATS, "") for (source,) in at_copy.fetchall()]


def _prepare(url: str, statements: list[str]) -> None:
    with cursor(url) as at_copy:
        for statement in statements:
            at_copy.execute(statement)
        at_copy.execute("VACUUM ANALYZE")
    data.warm(url)


def _scripts(urls: Mapping[str, str], size: Size) -> Iterator[tuple[str, Script]]:
    member = movements.any_member(size)
    for name, url in urls.items():
        yield f"earn {name}", Script(movements.our_earn(member).text, url=url)
        yield f"spend {name}", Script(movements.our_spend(member).text, url=url)


def _table(found: Mapping[str, Reading], size: Size) -> Table:
    table = Table(
        f"What each index and constraint costs ({size.accounts:,} accounts; server CPU per movement)",
        ("", "earn µs", "its share", "spend µs", "its share"),
    )
    for name in [key.removeprefix("earn ") for key in found if key.startswith("earn ")]:
        cells = []
        for what in ("earn", "spend"):
            complete = median([*found[f"{what} {COMPLETE}"].rounds, *found[f"{what} {AGAIN}"].rounds])
            micros = median(found[f"{what} {name}"].rounds)
            # What is missing saves its cost, what was added adds it.
            share = (micros - complete if name in ADDED else complete - micros) / complete
            cells += [f"{micros:.0f}", "" if name in (COMPLETE, AGAIN) else f"{100 * share:+.0f} %"]
        table.add(name, *cells)
    table.notes.append("Share: of the complete tables' cost; for what was added, on top of it.")
    return table
