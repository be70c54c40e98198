"""manage.py audit_mall: check stock, codes and payments of the whole mall."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mall.selectors import stock_faults


class Command(BaseCommand):
    """Exit code 0: all adds up. 1: faults, one line each."""

    help = "Check that stock, codes, redemptions and the ledger agree: says which row breaks which rule."

    def handle(self, *args: Any, **options: Any) -> None:
        faults = stock_faults()
        for fault in faults:
            self.stdout.write(f"{fault.rule}: {fault.subject}: expected {fault.expected}, is {fault.actual}")
        if faults:
            raise CommandError(f"{len(faults)} faults")
        self.stdout.write(self.style.SUCCESS("Mall clean: stock, codes and payments agree."))
