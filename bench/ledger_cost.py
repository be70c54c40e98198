"""What an award and a spend cost the server, beside the leanest ledger PostgreSQL could run.

CPU time per call, same driver, same data, in turns. Then what a spend over many lots costs, and whether a long history
makes anything dearer.
"""

from bench import callers, movements
from bench.data import Size
from bench.pgbench import Amount, Reading, Script, in_turns
from bench.report import Goal, Report, Table
from bench.server import Server

LIMIT_GOAL = 1.3
HISTORY_GOAL = 1.2
LOTS = (1, 5, 50)


def measure(report: Report, server: Server, url: str, size: Size, amount: Amount) -> None:
    """Add the tables of this part to the report."""
    _measure_limit(report, server, url, size, amount)
    _measure_lots(report, server, url, size, amount)
    _measure_history(report, server, url, size, amount)


def _measure_limit(report: Report, server: Server, url: str, size: Size, amount: Amount) -> None:
    member = movements.any_member(size)
    scripts = {
        "earn, limit": movements.lean_earn(member),
        "earn": movements.our_earn(member),
        "spend, limit": movements.lean_spend(member),
        "spend": movements.our_spend(member),
    }
    found = in_turns(server, url, scripts, amount)
    table = Table(
        f"Server CPU per movement ({size.accounts:,} accounts, 5 lots each, pgbench -M prepared)",
        ("", "limit µs", "ours µs", "ratio", "rounds, ours / limit"),
    )
    for name in ("earn", "spend"):
        ours, limit = found[name], found[f"{name}, limit"]
        rounds = " ".join(f"{a / b:.2f}" for a, b in zip(ours.rounds, limit.rounds, strict=True))
        table.add(name, f"{limit.micros:.0f}", f"{ours.micros:.0f}", f"{ours.ratio(limit):.2f}", rounds)
        report.goals.append(Goal(f"server CPU of {name} / limit", ours.ratio(limit), LIMIT_GOAL, at_most=True))
    report.show(table)


def _measure_lots(report: Report, server: Server, url: str, size: Size, amount: Amount) -> None:
    calls = size.wide // (len(LOTS) * amount.rounds)
    scripts: dict[str, Script] = {}
    for number, lots in enumerate(LOTS):
        first = size.accounts + 1 + number * calls * amount.rounds
        points = movements.points_of_lots(lots)
        member = "\\set a :next\n"
        lean, ours = movements.lean_spend(member, points), movements.our_spend(member, points)
        scripts[f"limit {lots}"] = movements.over_lots(lean, first_member=first)
        scripts[f"ours {lots}"] = movements.over_lots(ours, first_member=first)
    found = in_turns(server, url, scripts, Amount(rounds=amount.rounds, calls=calls))
    table = Table(
        "A spend over many lots: members with 50 open lots, each lot emptied",
        ("lots", "limit µs", "ours µs", "ratio", "ours, per lot µs"),
    )
    for lots in LOTS:
        limit, ours = found[f"limit {lots}"], found[f"ours {lots}"]
        micros = ours.micros
        table.add(str(lots), f"{limit.micros:.0f}", f"{micros:.0f}", f"{ours.ratio(limit):.2f}", f"{micros / lots:.0f}")
    report.show(table)


def _measure_history(report: Report, server: Server, url: str, size: Size, amount: Amount) -> None:
    old, new = movements.one_member(size.old), movements.one_member(size.new)
    scripts = {
        "earn, old": movements.our_earn(old),
        "earn, new": movements.our_earn(new),
        "spend, old": movements.our_spend(old),
        "spend, new": movements.our_spend(new),
    }
    found = in_turns(server, url, scripts, amount)
    table = Table(
        f"A member with {size.accounts:,} entries beside one without: server CPU per movement, client and server CPU"
        " per look",
        ("", "new member µs", "long history µs", "ratio"),
    )
    looks = callers.looks(server, url, size, amount)
    for name in ("earn", "spend"):
        _compare(report, table, name, found[f"{name}, new"], found[f"{name}, old"])
    for name in callers.LOOKS:
        _compare(report, table, name, looks[name, size.new], looks[name, size.old])
    table.notes.append("One member at a time, so each of these calls waits for nobody and rewrites the same rows.")
    report.show(table)


def _compare(report: Report, table: Table, name: str, new: Reading, old: Reading) -> None:
    table.add(name, f"{new.micros:.0f}", f"{old.micros:.0f}", f"{old.ratio(new):.2f}")
    report.goals.append(Goal(f"{name}, long history / new member", old.ratio(new), HISTORY_GOAL, at_most=True))
