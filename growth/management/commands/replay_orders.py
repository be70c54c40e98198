"""manage.py replay_orders FILE: report a real purchase history through the partner API."""

import json
import logging
import os
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from core.business_time import business_day, now
from growth.replay import cdnow, reporting
from growth.replay.cdnow import MalformedFile, Purchase
from growth.replay.partner_api import GaveUp, PartnerApi, Refused
from growth.replay.patience import Result, with_database
from growth.replay.progress import ProgressBar
from growth.replay.summary import Summary, summarise
from members.services.partners import IssuedKey, revoke_partner_key
from points.services.audits import run_audit

LARGEST_BATCH = 1000
ACCEPTED = {"awarded", "pending", "duplicate", "none"}
FAULTS_SHOWN = 10
# Not worth waiting long for: a key that is not revoked runs out by itself.
REVOKE_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Reported:
    """What reporting came to: what was answered otherwise than it should be, and the events per second."""

    faults: list[str]
    per_second: float


class Command(BaseCommand):
    """Safe to run again, also after a kill: each purchase is taken in once, and the days stay as they were first moved.

    Exit code 0: every purchase is worth what the file says and the audit is clean. 1: something is not.
    """

    help = (
        "Report a purchase history in the CDNOW format (customer, number, yyyymmdd, CDs, amount read as yuan) through"
        " the signed partner API, all days moved so that the last purchase was yesterday, then check the ledger."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        url = os.environ.get("MALL_BASE_URL", "http://127.0.0.1:8000")
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--url", default=url, help="address of the points mall (default: MALL_BASE_URL, or %(default)s)"
        )
        parser.add_argument(
            "--batch", type=_batch, default=500, help="events per call, up to 1000 (default: %(default)s)"
        )
        parser.add_argument("--partner", default="cdnow", help="code of the partner who reports (default: %(default)s)")
        parser.add_argument(
            "--patience", type=float, default=300, metavar="SECONDS", help="how long to wait for servers that are away"
        )
        parser.add_argument("--journal", type=Path, help="append every answer to this file, one JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        with _quiet_log():
            self._replay(options)

    def _replay(self, options: dict[str, Any]) -> None:
        self._patience_seconds = float(options["patience"])
        purchases = _read(options["file"])
        with self._key(options["partner"]) as key, _opened(options["journal"]) as journal:
            partner_id = self._safely(lambda: reporting.partner_id_of(partner_code=options["partner"]))
            shift = self._shift(purchases, partner_id)
            self._register(purchases, shift)
            known = self._safely(lambda: reporting.recorded_events(partner_id=partner_id))
            reported = self._report(cdnow.events(purchases, shift=shift), key, journal, options)
            new = self._safely(lambda: reporting.recorded_events(partner_id=partner_id)) - known
        summary = self._safely(lambda: summarise(purchases, partner_id=partner_id, on=business_day(now())))
        events = f"{new:,} new, {2 * len(purchases) - new:,} known already, {reported.per_second:,.0f} per second"
        self._print(summary, events=events)
        self._judge(summary, reported.faults)

    @contextmanager
    def _key(self, partner_code: str) -> Iterator[IssuedKey]:
        """Issue a key for the time of the replay. Its secret is nowhere but in this process."""
        key = self._safely(lambda: reporting.issue_key(partner_code=partner_code, partner_name="CDNOW", at=now()))
        try:
            yield key
        finally:
            with suppress(OperationalError):
                with_database(lambda: revoke_partner_key(key_id=key.key_id, at=now()), seconds=REVOKE_SECONDS)

    def _shift(self, purchases: Sequence[Purchase], partner_id: int) -> timedelta:
        recorded = self._safely(lambda: reporting.recorded_shift(purchases, partner_id=partner_id))
        at = now()
        yesterday = business_day(at) - timedelta(days=1)
        shift = cdnow.shift_to(purchases, last_on=yesterday) if recorded is None else recorded
        if max(purchase.completed_at(shift) for purchase in purchases) > at:
            raise CommandError(
                "Some of these purchases were reported before, and moved so far that the later ones of this file"
                " would lie in the future. Report this file under another --partner."
            )
        return shift

    def _register(self, purchases: Sequence[Purchase], shift: timedelta) -> None:
        strangers = self._safely(lambda: reporting.strangers(purchases))
        if not strangers:
            return
        with ProgressBar(self.stdout, title="Customers", total=len(strangers)) as bar:
            for purchase in strangers.values():
                self._safely(partial(reporting.register_customer, purchase, shift=shift))
                bar.advance(1)

    def _report(
        self, events: Sequence[dict[str, Any]], key: IssuedKey, journal: TextIO | None, options: dict[str, Any]
    ) -> Reported:
        faults = []
        with ProgressBar(self.stdout, title="Events", total=len(events)) as bar:
            api = PartnerApi(
                base_url=options["url"],
                key=key,
                patience_seconds=self._patience_seconds,
                on_trouble=lambda reason: bar.note(f"{reason}; trying again"),
            )
            for start in range(0, len(events), options["batch"]):
                batch = events[start : start + options["batch"]]
                try:
                    results = api.report(batch)
                except (GaveUp, Refused) as error:
                    raise CommandError(f"{error}\nRun the command again to go on where it stopped.") from error
                _write(journal, results)
                faults += [_fault(result) for result in results if result["status"] not in ACCEPTED]
                bar.advance(len(batch))
            return Reported(faults=faults, per_second=bar.per_second)

    def _print(self, summary: Summary, *, events: str) -> None:
        given = summary.points_given
        lines: list[tuple[str, str]] = [
            ("Members", f"{summary.members:,}"),
            ("Purchases", f"{summary.purchases:,}"),
            ("Events", events),
            ("Points given", f"{given:,} ({summary.points_past_their_day:,} of them past their last day already)"),
            ("Points by the file", f"{summary.points_expected:,}"),
            ("Points pending", f"{summary.points_pending:,}"),
        ]
        lines += [(f"Tier {name}", f"{held:,}") for name, held in summary.tiers]
        self.stdout.write("")
        for title, text in lines:
            self.stdout.write(f"  {title:<20} {text}")

    def _judge(self, summary: Summary, faults: list[str]) -> None:
        audit = self._safely(lambda: run_audit(at=now()))
        verdict = f"{audit.findings_total} findings" if audit.findings_total else "clean"
        self.stdout.write(f"  {'Audit':<20} {verdict} ({audit.accounts:,} accounts, {audit.entries:,} entries)\n")
        faults = faults + [f"purchase {order_no} is not worth what the file says" for order_no in summary.wrong]
        if audit.findings_total:
            faults.append("the audit is not clean: run manage.py audit_ledger")
        if faults:
            left = f"\n  and {len(faults) - FAULTS_SHOWN} more" if len(faults) > FAULTS_SHOWN else ""
            raise CommandError("The replay does not add up:\n  " + "\n  ".join(faults[:FAULTS_SHOWN]) + left)
        self.stdout.write(self.style.SUCCESS("Every purchase is booked once, and worth what the file says."))

    def _safely(self, call: Callable[[], Result]) -> Result:
        return with_database(call, seconds=self._patience_seconds)


def _read(path: Path) -> list[Purchase]:
    try:
        return cdnow.parse(path.read_text(encoding="ascii").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
    except MalformedFile as error:
        raise CommandError(f"{path}: {error}") from error


@contextmanager
def _quiet_log() -> Iterator[None]:
    """Keep the thousands of log lines of a good replay off the terminal; warnings still show."""
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


@contextmanager
def _opened(journal: Path | None) -> Iterator[TextIO | None]:
    if journal is None:
        yield None
        return
    with journal.open("a", encoding="utf-8") as file:
        yield file


def _write(journal: TextIO | None, results: Sequence[dict[str, Any]]) -> None:
    """Write down what was answered, before anything else can happen to us."""
    if journal is not None:
        journal.writelines(json.dumps(result, ensure_ascii=False) + "\n" for result in results)
        journal.flush()


def _fault(result: dict[str, Any]) -> str:
    return f"event {result['event_id']}: {result['status']} {result.get('code', '')} {result.get('message', '')}"


def _batch(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= LARGEST_BATCH:
        raise ArgumentTypeError(f"a number from 1 to {LARGEST_BATCH}")
    return int(text)
