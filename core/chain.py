"""A chain of steps that runs once a business day, may be killed anywhere, and goes on where it was.

Each chunk of a step is one transaction that holds the step's row lock: the effect, the chunk's row and the cursor
commit together or not at all. So a run that died is resumed by starting it again, a second runner of the same run
waits for the first one's chunk and goes on behind it, and a finished run finds nothing to do.

A row that fails is found by halving its chunk under savepoints, set aside with its error, and the rest goes on. It is
tried again by the next run, and by `retry_set_aside`. Lost connections and a step that fails for everybody are no
row's fault: they stop the run, and the next start resumes it.
"""

import time
import traceback
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

import structlog
from django.conf import settings
from django.db import Error, InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Max
from django.db.models.functions import Now
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from psycopg2.errors import DeadlockDetected, LockNotAvailable

from core.business_time import business_day
from core.models import ChainChunk, ChainRun, ChainStep, SetAside

NIGHTLY = "nightly"
# So many that fail are no bad rows any more, but a broken step.
MAX_SET_ASIDE = 1_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Done:
    """What a call of `Step.process` did, as staff read it: rows written, and points moved (never negative)."""

    rows: int
    points: int = 0

    def __add__(self, other: "Done") -> "Done":
        return Done(self.rows + other.rows, self.points + other.points)


class Step(Protocol):
    """One step of a chain. `on` is the run's business day, `at` the moment of this start; ids are members'."""

    @property
    def name(self) -> str:
        """Return what the step's rows are kept under."""

    @property
    def title(self) -> str | Promise:
        """Return what staff read."""

    @property
    def chunk(self) -> int:
        """Return how many ids make one transaction; 5,000 to 10,000 where it is set-based."""

    def due(self, *, at: datetime, on: date, after: int, skip: Sequence[int], limit: int) -> list[int]:
        """Return up to `limit` ids, ascending, with something to do, none of them in `skip`; empty ends the step.

        Either an id is due no more once processed, or only ids above `after`, the highest one processed, are
        returned. Called inside the chunk's transaction.
        """

    def process(self, *, ids: Sequence[int], at: datetime, on: date) -> Done:
        """Do all that is due for these ids, inside the chunk's transaction. Nothing left to do is no error.

        What it raises is taken for the fault of one of the ids. It may be called again for a part of them, after a
        rollback to where it began.
        """


class StepBroken(RuntimeError):
    """More rows failed than can be each its own fault."""


class StillDue(RuntimeError):
    """A row was processed without an error and is due as before: it would come for ever."""


Report = Callable[[ChainStep, ChainChunk | None], None]


def nightly_steps() -> list[Step]:
    """Return the steps of the nightly chain, in order, as settings.NIGHTLY_CHAIN names them."""
    return [import_string(path) for path in settings.NIGHTLY_CHAIN]


def run(
    *,
    name: str = NIGHTLY,
    steps: Sequence[Step],
    on: date,
    at: datetime,
    wait: bool = True,
    report: Report = lambda _step, _chunk: None,
) -> ChainRun:
    """Run what is left of the chain's run for the business day `on`, and return the run.

    `report` is told of each chunk once it has committed, and of each step (without a chunk) once it is finished.
    Without `wait` it leaves when another runner is at work. An error that is no row's fault is kept on the step and
    raised. Must be called outside of any transaction. Raises ValueError for a day that has not begun.
    """
    if on > business_day(at):
        raise ValueError(f"The business day {on} has not begun.")
    opened = _open(name=name, steps=steps, on=on)
    for step in () if opened.finished_at else steps:
        if not _run_step(opened, step, at=at, wait=wait, report=report):
            return opened
    ChainRun.objects.filter(pk=opened.pk, finished_at=None).update(finished_at=Now())
    opened.refresh_from_db()
    return opened


def retry_set_aside(*, run_id: int, steps: Sequence[Step], at: datetime) -> int:
    """Try the run's set-aside rows again, each in a transaction of its own; return how many were done now."""
    by_name = {step.name: step for step in steps}
    waiting = SetAside.objects.filter(step__run_id=run_id, step__name__in=by_name, settled_at=None)
    rows = list(waiting.order_by("step__position", "subject_id").values_list("step_id", "step__name", "subject_id"))
    return sum(_retry(step_id, by_name[name], subject_id, at=at) for step_id, name, subject_id in rows)


def purge(*, before: datetime) -> int:
    """Delete runs that began before the given moment, with their steps and chunks; return how many rows."""
    return ChainRun.objects.filter(started_at__lt=before).delete()[0]


def _open(*, name: str, steps: Sequence[Step], on: date) -> ChainRun:
    with transaction.atomic(durable=True):
        opened, _created = ChainRun.objects.get_or_create(name=name, on=on)
        if opened.finished_at is None:
            # Not the run's first start, perhaps; a step that came with a new version joins here.
            ChainStep.objects.bulk_create(
                [ChainStep(run=opened, position=place, name=step.name) for place, step in enumerate(steps, start=1)],
                ignore_conflicts=True,
            )
    return opened


def _run_step(opened: ChainRun, step: Step, *, at: datetime, wait: bool, report: Report) -> bool:
    """Run the step to its end; return False when another runner is at it and was not to be waited for."""
    row = ChainStep.objects.get(run=opened, name=step.name)
    if row.finished_at:
        return True
    before: Collection[int] = ()
    while True:
        try:
            with transaction.atomic(durable=True):
                if (locked := _lock(row.pk, wait=wait)) is None:
                    return False
                chunk, before = (None, ()) if locked.finished_at else _one_chunk(locked, step, before, at, opened.on)
        except Exception as error:
            _note_stop(row, error)
            raise
        report(locked, chunk)
        if locked.finished_at:
            return True


def _lock(step_id: int, *, wait: bool) -> ChainStep | None:
    with connection.cursor() as cursor:
        # Another runner's chunk may take longer than a use case may wait for a lock.
        cursor.execute("SET LOCAL lock_timeout = '10min'")
        locked = ChainStep.objects.select_for_update(skip_locked=not wait).filter(pk=step_id).first()
        cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
    return locked


def _one_chunk(
    row: ChainStep, step: Step, before: Collection[int], at: datetime, on: date
) -> tuple[ChainChunk | None, Collection[int]]:
    """Do the next chunk, or finish the step; return the chunk's row, and its ids to know those that come again."""
    started = time.perf_counter()
    skip = list(SetAside.objects.filter(step=row, settled_at=None).values_list("subject_id", flat=True))
    due = step.due(at=at, on=on, after=row.last_id, skip=skip, limit=step.chunk)
    if not due:
        _finish(row)
        return None, ()
    for subject_id in (known := set(before).intersection(due)):
        _set_aside(row, subject_id, StillDue("was processed, and is due as before"))
    ids = [subject_id for subject_id in due if subject_id not in known]
    done = _process(row, step, ids, at=at, on=on) if ids else Done(0)
    return _book(row, done, last_id=max(due), seconds=time.perf_counter() - started), frozenset(ids)


def _process(row: ChainStep, step: Step, ids: Sequence[int], *, at: datetime, on: date) -> Done:
    """Process the ids; where that fails, each half of them, down to the single ones that are set aside.

    All under the step's lock and in the chunk's transaction: were it let go in between, another runner would do a
    part of the same ids.
    """
    error = _try(step, ids, at=at, on=on)
    if isinstance(error, Done):
        return error
    if len(ids) == 1:
        _set_aside(row, ids[0], error)
        return Done(0)
    with connection.cursor() as cursor:
        # Perhaps somebody holds one of them. The others' locks are kept meanwhile, so the search must not wait long.
        cursor.execute("SET LOCAL lock_timeout = '1s'")
    middle = len(ids) // 2
    return _process(row, step, ids[:middle], at=at, on=on) + _process(row, step, ids[middle:], at=at, on=on)


def _try(step: Step, ids: Sequence[int], *, at: datetime, on: date) -> Done | Exception:
    try:
        with transaction.atomic():
            done = step.process(ids=ids, at=at, on=on)
            # What would be refused at commit only is refused here, where it can still be told whose fault it is.
            connection.check_constraints()
    except Exception as error:
        if _is_nobodys_fault(error):
            raise
        return error
    return done


def _is_nobodys_fault(error: Exception) -> bool:
    """Return whether the database itself is in trouble: the connection lost, the disk full, the server stopping."""
    is_database = isinstance(error, OperationalError | InterfaceError)
    return is_database and not isinstance(error.__cause__, LockNotAvailable | DeadlockDetected)


def _set_aside(row: ChainStep, subject_id: int, error: Exception) -> None:
    SetAside.objects.update_or_create(
        step=row, subject_id=subject_id, defaults={"error": first_line(error), "at": Now(), "settled_at": None}
    )
    trace = traceback.format_tb(error.__traceback__)[-3:]
    log.error("chain_set_aside", step=row.name, subject_id=subject_id, error=first_line(error), trace=trace)
    if SetAside.objects.filter(step=row, settled_at=None).count() > MAX_SET_ASIDE:
        raise StepBroken(f"more than {MAX_SET_ASIDE} rows failed")


def _book(row: ChainStep, done: Done, *, last_id: int, seconds: float) -> ChainChunk:
    number = ChainChunk.objects.filter(step=row).aggregate(last=Max("number"))["last"] or 0
    chunk = ChainChunk(step=row, number=number + 1, rows=done.rows, points=done.points, seconds=seconds)
    chunk.save(force_insert=True)
    row.rows += done.rows
    row.points += done.points
    row.last_id = max(row.last_id, last_id)
    ChainStep.objects.filter(pk=row.pk, started_at=None).update(started_at=Now())
    ChainStep.objects.filter(pk=row.pk).update(
        rows=row.rows, points=row.points, last_id=row.last_id, stopped_because=""
    )
    return chunk


def _finish(row: ChainStep) -> None:
    ChainStep.objects.filter(pk=row.pk, started_at=None).update(started_at=Now())
    ChainStep.objects.filter(pk=row.pk).update(finished_at=Now(), stopped_because="")
    row.refresh_from_db()
    # What earlier runs had set aside is done by now, unless it failed again.
    failed_again = SetAside.objects.filter(step=row, settled_at=None).values("subject_id")
    earlier = SetAside.objects.filter(step__name=row.name, step__run__name=row.run.name, settled_at=None)
    earlier.filter(step__run__on__lt=row.run.on).exclude(subject_id__in=failed_again).update(settled_at=Now())


def _retry(step_id: int, step: Step, subject_id: int, *, at: datetime) -> bool:
    with transaction.atomic(durable=True):
        row = ChainStep.objects.select_for_update(of=("self",)).select_related("run").get(pk=step_id)
        if not SetAside.objects.filter(step=row, subject_id=subject_id, settled_at=None).exists():
            return False
        done = _try(step, [subject_id], at=at, on=row.run.on)
        if isinstance(done, Exception):
            _set_aside(row, subject_id, done)
            return False
        SetAside.objects.filter(step=row, subject_id=subject_id).update(settled_at=Now())
        ChainStep.objects.filter(pk=step_id).update(rows=F("rows") + done.rows, points=F("points") + done.points)
    return True


def _note_stop(row: ChainStep, error: Exception) -> None:
    log.error("chain_stopped", step=row.name, error=first_line(error))
    # The database itself may be what is away; then the log has it.
    with suppress(Error):
        connection.close_if_unusable_or_obsolete()
        ChainStep.objects.filter(pk=row.pk, finished_at=None).update(stopped_because=first_line(error))


def first_line(error: Exception) -> str:
    """Return the error's class and first line: PostgreSQL's further ones hold the values of the row it refused."""
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]
