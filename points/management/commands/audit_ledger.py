"""manage.py audit_ledger: check every invariant of the ledger and say which member breaks which."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.business_time import now
from points import audit
from points.services import audits


class Command(BaseCommand):
    """Exit code 0: all holds. 1: findings, one line each."""

    help = "Check the whole ledger: says which member and which invariant is off."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-record", action="store_true", help="only print, do not keep the result")

    def handle(self, *args: Any, **options: Any) -> None:
        result = audit.check()
        if not options["no_record"]:
            audits.keep_audit(result=result, started_at=now())
        for finding in result.findings:
            self.stdout.write(
                f"{finding.invariant}: member {finding.member_id}, {finding.subject}: "
                f"expected {finding.expected}, is {finding.actual}"
            )
        summary = f"{result.accounts} accounts, {result.entries} entries, {len(audit.invariants())} invariants"
        if result.findings:
            raise CommandError(f"{len(result.findings)} findings in {summary}")
        self.stdout.write(self.style.SUCCESS(f"Audit clean: {summary}."))
