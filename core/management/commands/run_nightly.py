"""manage.py run_nightly: run the nightly chain here and now, or what is left of it."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import chain
from core.business_time import business_day, now
from core.models import ChainChunk, ChainStep, SetAside


def day(text: str) -> date:
    """Return the business day of YYYY-MM-DD."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text} is no day, such as 2026-11-23") from error


class Command(BaseCommand):
    """Exit code 0: the day's run is finished and clean. 1: rows are set aside, one line each."""

    help = "Run the nightly chain of a day, or what is left of it. Safe to run twice, or beside the worker's."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--on", type=day, metavar="DAY", help="business day, YYYY-MM-DD; today by default")
        parser.add_argument("--retry", action="store_true", help="also try again what was set aside")

    def handle(self, *args: Any, **options: Any) -> None:
        at = now()
        on = options["on"] or business_day(at)
        if on > business_day(at):
            raise CommandError(f"{on} has not begun yet.")
        steps = chain.nightly_steps()
        run = chain.run(steps=steps, on=on, at=at, report=self._report)
        if options["retry"]:
            done = chain.retry_set_aside(run_id=run.pk, steps=steps, at=at)
            self.stdout.write(f"{done} rows done that had been set aside.")
        left = SetAside.objects.filter(step__run=run, settled_at=None).select_related("step")
        for row in left.order_by("step__position", "subject_id"):
            self.stderr.write(f"{row.step.name}: {row.subject_id} is set aside: {row.error}")
        if left:
            raise CommandError(f"Nightly run of {on} finished; {len(left)} rows are set aside.")
        self.stdout.write(self.style.SUCCESS(f"Nightly run of {on} finished."))

    def _report(self, step: ChainStep, chunk: ChainChunk | None) -> None:
        if chunk is None:
            self.stdout.write(f"{step.name}: finished, {step.rows} rows, {step.points} points")
        else:
            self.stdout.write(
                f"{step.name}: chunk {chunk.number}, {chunk.rows} rows, {chunk.points} points, {chunk.seconds:.2f} s"
            )
        # Read by people and programs while it runs.
        self.stdout.flush()
