"""The nightly chain: in order, once, whatever dies, and however bad a row is. Each guard has a control without it."""

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Sum

from core import chain, tasks
from core.chain import Done
from core.models import AnsweredRequest, ChainChunk, ChainRun, ChainStep, SetAside, StepState
from tests.core.chain_steps import Tally, done, refuse_seven, write
from tests.races.together import at_once, without_constraint

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 11, 22, 16, 10, tzinfo=UTC)
ON = date(2026, 11, 23)
ALL = list(range(1, 11))


class Killed(BaseException):
    """The process dies here: nothing but the database survives, and nobody may catch it."""


def run(*steps: Tally, on: date = ON, **more: Any) -> ChainRun:
    return chain.run(steps=steps, on=on, at=AT + timedelta(days=on.toordinal() - ON.toordinal()), **more)


def step_row(name: str, *, on: date = ON) -> ChainStep:
    return ChainStep.objects.get(run__on=on, name=name)


def set_aside() -> list[tuple[str, int]]:
    return list(SetAside.objects.filter(settled_at=None).order_by("id").values_list("step__name", "subject_id"))


def once(error: BaseException, *, when: Callable[[Sequence[int]], bool] = lambda _ids: True) -> Any:
    """Return a hook that raises once."""
    left = [error]

    def hook(ids: Sequence[int]) -> None:
        if left and when(ids):
            raise left.pop()

    return hook


def fail_for(*bad: int, error: Exception | None = None) -> Any:
    def hook(ids: Sequence[int]) -> None:
        if set(bad) & set(ids):
            raise error or RuntimeError("broken on purpose")

    return hook


@pytest.fixture
def real(transactional_db: None) -> None:
    """Real commits."""


# --- order and chunks --------------------------------------------------------------------------------------------


def test_steps_run_in_order_in_chunks_with_a_row_for_each(db: None) -> None:
    order: list[str] = []
    first = Tally("first", after=lambda ids: order.append(f"first {len(ids)}"))
    second = Tally("second", chunk=6, vanishing=True, after=lambda ids: order.append(f"second {len(ids)}"))

    finished = run(first, second)

    assert order == ["first 4", "first 4", "first 2", "second 6", "second 4"]
    assert (done("first"), done("second")) == (ALL, ALL)
    assert finished.finished_at is not None
    steps = [(row.position, row.name, row.rows, row.points, row.last_id, row.state) for row in finished.steps.all()]
    assert steps == [(1, "first", 10, 100, 10, StepState.DONE), (2, "second", 10, 100, 10, StepState.DONE)]
    chunks = ChainChunk.objects.order_by("id").values_list("step__name", "number", "rows", "points")
    assert list(chunks) == [
        ("first", 1, 4, 40), ("first", 2, 4, 40), ("first", 3, 2, 20), ("second", 1, 6, 60), ("second", 2, 4, 40)
    ]  # fmt: skip


def test_a_finished_day_is_not_run_again_and_the_next_day_is(db: None) -> None:
    step = Tally("only")
    run(step)
    step.calls.clear()

    run(step)
    assert (step.calls, done("only")) == ([], ALL)

    run(step, on=ON + timedelta(days=1))
    assert done("only") == ALL + ALL
    assert ChainRun.objects.count() == 2


def test_a_day_that_has_not_begun_is_refused(db: None) -> None:
    with pytest.raises(ValueError, match="not begun"):
        chain.run(steps=[Tally("only")], on=ON + timedelta(days=1), at=AT)

    assert not ChainRun.objects.exists()


def test_a_step_that_comes_with_a_new_version_joins_a_run_that_is_not_finished(db: None) -> None:
    with pytest.raises(Killed):
        run(Tally("first", before=once(Killed())))

    run(Tally("first"), Tally("second"))

    assert (done("first"), done("second")) == (ALL, ALL)


def test_the_chain_refuses_to_run_inside_a_transaction(real: None) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        run(Tally("only"))


def test_progress_is_told_after_the_commit(real: None) -> None:
    told: list[tuple[int | None, int]] = []

    def report(row: ChainStep, chunk: ChainChunk | None) -> None:
        assert connection.get_autocommit()
        told.append((chunk and chunk.number, row.rows))

    run(Tally("only"), report=report)

    assert told == [(1, 4), (2, 8), (3, 10), (None, 10)]


# --- killed anywhere ---------------------------------------------------------------------------------------------


def in_second_chunk(ids: Sequence[int]) -> bool:
    return 5 in ids


def killed_before_the_effect(step: Tally) -> dict[str, Any]:
    step.before = once(Killed(), when=in_second_chunk)
    return {}


def killed_between_effect_and_commit(step: Tally) -> dict[str, Any]:
    step.after = once(Killed(), when=in_second_chunk)
    return {}


def killed_after_the_commit(step: Tally) -> dict[str, Any]:
    strike = once(Killed(), when=lambda number: number == 2)
    return {"report": lambda _step, chunk: strike(chunk and chunk.number)}


def killed_before_the_run_is_finished(step: Tally) -> dict[str, Any]:
    strike = once(Killed(), when=lambda chunk: chunk is None)
    return {"report": lambda _step, chunk: strike(chunk)}


DEATHS = [
    killed_before_the_effect,
    killed_between_effect_and_commit,
    killed_after_the_commit,
    killed_before_the_run_is_finished,
]


@pytest.mark.parametrize("vanishing", [False, True])
@pytest.mark.parametrize("death", DEATHS)
def test_a_run_that_died_goes_on_where_it_was(real: None, death: Callable[[Tally], Any], vanishing: bool) -> None:
    step = Tally("first", vanishing=vanishing)

    with pytest.raises(Killed):
        run(step, Tally("second"), **death(step))
    assert ChainRun.objects.get().finished_at is None
    finished = run(step, Tally("second"))

    assert (done("first"), done("second")) == (ALL, ALL)
    assert finished.finished_at is not None
    assert step_row("first").rows == 10
    assert ChainChunk.objects.filter(step__name="first").aggregate(rows=Sum("rows"))["rows"] == 10


def test_control_with_effect_and_cursor_in_two_commits_a_death_between_them_doubles(
    real: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Tally("first", after=once(Killed(), when=in_second_chunk))
    monkeypatch.setattr(chain.transaction, "atomic", lambda **_options: nullcontext())
    monkeypatch.setattr(chain, "_lock", unlocked)

    with pytest.raises(Killed):
        run(step)
    run(step)

    assert sorted(done("first")) == sorted([*ALL, 5, 6, 7, 8])


# --- two runners -------------------------------------------------------------------------------------------------


def race(step: Tally) -> list[ChainRun]:
    step.before = lambda _ids: time.sleep(0.02)
    return at_once([lambda: run(step), lambda: run(step), lambda: run(step)])


@pytest.mark.race
def test_runners_that_meet_do_each_chunk_once(real: None) -> None:
    step = Tally("only", total=40)

    race(step)

    assert done("only") == list(range(1, 41))
    assert step_row("only").rows == 40
    assert sorted(itertools.chain(*step.calls)) == list(range(1, 41))


def unlocked(step_id: int, *, wait: bool) -> ChainStep:
    return ChainStep.objects.get(pk=step_id)


@pytest.mark.race
def test_control_without_the_lock_the_chunks_number_stops_the_second(
    real: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "_lock", unlocked)

    with pytest.raises(IntegrityError, match="chain_chunk_once_per_number"):
        race(Tally("only", total=40))


@pytest.mark.race
def test_control_without_lock_and_number_runners_that_meet_double(real: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "_lock", unlocked)

    with without_constraint("core_chainchunk", "chain_chunk_once_per_number"):
        race(Tally("only", total=40))

    assert len(done("only")) > len(set(done("only")))


@pytest.mark.race
def test_one_who_need_not_wait_leaves_the_work_to_the_one_at_it(real: None) -> None:
    at_work, may_go_on = threading.Event(), threading.Event()

    def hold(_ids: Sequence[int]) -> None:
        at_work.set()
        assert may_go_on.wait(timeout=30)

    def second() -> ChainRun:
        assert at_work.wait(timeout=30)
        try:
            return run(step, wait=False)
        finally:
            may_go_on.set()

    step = Tally("only", before=hold)
    first, left = at_once([lambda: run(step), second])

    assert first.finished_at is not None
    assert left.finished_at is None
    assert done("only") == ALL


# --- bad rows ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vanishing", [False, True])
@pytest.mark.parametrize("bad", [(1,), (10,), (3, 4), (1, 5, 10), tuple(ALL)])
def test_a_bad_row_is_set_aside_and_the_rest_is_done(db: None, vanishing: bool, bad: tuple[int, ...]) -> None:
    run(Tally("first", vanishing=vanishing, after=fail_for(*bad)), Tally("second"))

    assert done("first") == [number for number in ALL if number not in bad]
    assert done("second") == ALL
    assert set_aside() == [("first", number) for number in bad]
    assert step_row("first").rows == 10 - len(bad)
    assert ChainRun.objects.get().finished_at is not None


def test_a_row_that_could_only_be_refused_at_commit_is_found_too(real: None) -> None:
    run(Tally("first", after=orphan_for(7)))

    assert done("first") == [number for number in ALL if number != 7]
    assert set_aside() == [("first", 7)]


def test_control_without_the_early_check_it_fails_the_whole_chunk(real: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "check_constraints", lambda: None)

    with pytest.raises(IntegrityError):
        run(Tally("first", after=orphan_for(7)))

    assert done("first") == [1, 2, 3, 4]
    assert step_row("first").state == StepState.STOPPED


def orphan_for(bad: int) -> Any:
    """Return a hook that writes a row whose foreign key leads nowhere, which the database minds at commit."""

    def hook(ids: Sequence[int]) -> None:
        if bad in ids:
            ChainStep.objects.create(run_id=10**9, position=1, name="orphan")

    return hook


def test_a_setback_is_kept_without_the_values_of_the_row(db: None) -> None:
    run(Tally("first", after=refuse_seven))

    [kept] = SetAside.objects.all()
    assert kept.subject_id == 7
    assert kept.error == 'IntegrityError: duplicate key value violates unique constraint "answered_once_per_key"'


@pytest.mark.race
def test_a_row_somebody_holds_does_not_stop_the_others(real: None) -> None:
    write("held", [1, 2])
    free_row, held_row = AnsweredRequest.objects.order_by("id").values_list("pk", flat=True)
    held, let_go = threading.Event(), threading.Event()

    def stuck_colleague() -> None:
        with transaction.atomic():
            AnsweredRequest.objects.select_for_update().get(pk=held_row)
            held.set()
            assert let_go.wait(timeout=30)

    def touch(numbers: Sequence[int]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '100ms'")
        list(AnsweredRequest.objects.select_for_update().filter(pk=held_row if 7 in numbers else free_row))

    def runner() -> None:
        assert held.wait(timeout=30)
        try:
            run(Tally("first", before=touch))
        finally:
            let_go.set()

    at_once([stuck_colleague, runner])

    assert set_aside() == [("first", 7)]
    assert SetAside.objects.get().error.startswith("OperationalError: canceling statement due to lock timeout")
    assert done("first") == [number for number in ALL if number != 7]


@pytest.mark.parametrize("vanishing", [False, True])
def test_what_was_set_aside_is_not_tried_again_the_same_night_but_the_next_one(db: None, vanishing: bool) -> None:
    step = Tally("first", vanishing=vanishing, before=fail_for(2), after=once(Killed(), when=in_second_chunk))
    with pytest.raises(Killed):
        run(step)
    step.calls.clear()
    run(step)
    assert 2 not in itertools.chain(*step.calls)

    step.before = lambda _ids: None
    run(step, on=ON + timedelta(days=1))

    assert 2 in done("first")
    assert set_aside() == []


def test_what_fails_again_the_next_night_stays_open_in_both_runs(db: None) -> None:
    step = Tally("first", before=fail_for(2, 3))
    run(step)
    step.before = fail_for(2)
    run(step, on=ON + timedelta(days=1))

    assert set_aside() == [("first", 2), ("first", 2)]


def test_trying_again_does_those_whose_fault_is_mended(db: None) -> None:
    step = Tally("first", after=fail_for(2, 9))
    finished = run(step)
    step.after = fail_for(9, error=RuntimeError("still broken"))

    assert chain.retry_set_aside(run_id=finished.pk, steps=[step], at=AT) == 1
    assert chain.retry_set_aside(run_id=finished.pk, steps=[step], at=AT) == 0

    assert sorted(done("first")) == [number for number in ALL if number != 9]
    assert set_aside() == [("first", 9)]
    assert SetAside.objects.get(settled_at=None).error == "RuntimeError: still broken"
    assert (step_row("first").rows, step_row("first").points) == (9, 90)


@pytest.mark.race
def test_trying_again_twice_at_once_does_a_row_once(real: None) -> None:
    step = Tally("first", after=fail_for(*ALL))
    finished = run(step)
    step.after = lambda _ids: time.sleep(0.01)

    counts = at_once([lambda: chain.retry_set_aside(run_id=finished.pk, steps=[step], at=AT)] * 2)

    assert sum(counts) == 10
    assert sorted(done("first")) == ALL


def test_a_row_that_stays_due_though_it_was_processed_is_set_aside(db: None) -> None:
    step = Stubborn("first", vanishing=True)

    run(step)

    assert sorted(done("first")) == [number for number in ALL if number != 3]
    assert set_aside() == [("first", 3)]
    assert SetAside.objects.get().error.startswith("StillDue")


def test_control_without_that_it_would_come_for_ever(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    step = Stubborn("first", vanishing=True)
    step.before = lambda _ids: None if len(step.calls) < 50 else pytest.fail("endless")
    real_chunk = chain._one_chunk
    monkeypatch.setattr(chain, "_one_chunk", lambda row, step, _before, at, on: real_chunk(row, step, (), at, on))

    with pytest.raises(pytest.fail.Exception, match="endless"):
        run(step)


class Stubborn(Tally):
    """Says it has done the id 3, and has not."""

    def process(self, *, ids: Sequence[int], at: datetime, on: date) -> Done:
        self.calls.append(list(ids))
        self.before(ids)
        write(self.name, [number for number in ids if number != 3])
        return Done(len(ids))


# --- not the rows' fault -----------------------------------------------------------------------------------------


def lose_the_connection(_ids: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def once_in_second_chunk(hook: Callable[[Sequence[int]], None]) -> Any:
    left = [hook]

    def maybe(ids: Sequence[int]) -> None:
        if left and in_second_chunk(ids):
            left.pop()(ids)

    return maybe


def test_a_lost_connection_stops_the_run_sets_nothing_aside_and_is_gone_on_from(real: None) -> None:
    step = Tally("first", after=once_in_second_chunk(lose_the_connection))

    with pytest.raises(OperationalError):
        run(step, Tally("second"))

    assert done("first") == [1, 2, 3, 4]
    row = step_row("first")
    assert (row.state, row.stopped_because.split(":")[0]) == (StepState.STOPPED, "OperationalError")
    run(step, Tally("second"))
    assert (done("first"), done("second"), set_aside()) == (ALL, ALL, [])
    assert (step_row("first").state, step_row("first").stopped_because) == (StepState.DONE, "")


def test_control_taken_for_the_rows_fault_a_database_in_trouble_would_set_all_aside(
    real: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_disk = OperationalError("could not extend file: No space left on device")
    step = Tally("first", before=fail_for(*ALL, error=full_disk))
    with pytest.raises(OperationalError):
        run(step)
    assert set_aside() == []

    monkeypatch.setattr(chain, "_is_nobodys_fault", lambda _error: False)
    run(step)
    assert len(set_aside()) == 10


def test_a_step_that_fails_for_everybody_stops_the_run_and_is_gone_on_from_once_mended(
    real: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "MAX_SET_ASIDE", 5)
    step = Tally("first", before=fail_for(*ALL))

    with pytest.raises(chain.StepBroken):
        run(step, Tally("second"))

    assert step_row("first").state == StepState.STOPPED
    assert len(set_aside()) <= 5
    assert done("second") == []
    step.before = lambda _ids: None
    finished = run(step, Tally("second"))
    chain.retry_set_aside(run_id=finished.pk, steps=[step], at=AT)
    assert (sorted(done("first")), done("second"), set_aside()) == (ALL, ALL, [])


def test_a_step_that_cannot_say_what_is_due_stops_the_run_with_the_reason(real: None) -> None:
    step = Tally("first")
    step.total = "many"  # type: ignore[assignment]

    with pytest.raises(TypeError):
        run(step)

    assert step_row("first").stopped_because.startswith("TypeError")


# --- doors -------------------------------------------------------------------------------------------------------


def test_every_step_of_the_nightly_chain_is_there_and_has_a_name_of_its_own() -> None:
    steps = chain.nightly_steps()

    assert len({step.name for step in steps}) == len(steps) == len(settings.NIGHTLY_CHAIN)
    assert all(str(step.title) and 1 <= step.chunk <= 10_000 for step in steps)


def test_beat_starts_the_chain_each_night_and_looks_again_each_hour() -> None:
    entries = [entry for entry in settings.CELERY_BEAT_SCHEDULE.values() if entry["task"] == "core.run_nightly"]

    assert [(sorted(entry["schedule"].hour), entry["schedule"].minute) for entry in entries] == [
        ([0, 1, 2, 3, 4, 5], {10})
    ]
    assert "core.run_nightly" in current_app.tasks


@pytest.fixture
def own_chain(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Tally]:
    """Let the nightly chain be one step of ours."""
    step = Tally("only")
    monkeypatch.setattr("tests.core.chain_steps.FIRST", step)
    settings.NIGHTLY_CHAIN = ["tests.core.chain_steps.FIRST"]
    return step


def test_the_task_runs_today_and_tries_again_when_asked(own_chain: Tally, db: None) -> None:
    own_chain.before = fail_for(3)
    tasks.run_nightly()
    today = ChainRun.objects.get()
    own_chain.before = lambda _ids: None
    tasks.run_nightly()
    assert set_aside() == [("only", 3)]

    tasks.run_nightly(on=today.on.isoformat(), retry=True)

    assert (sorted(done("only")), set_aside()) == (ALL, [])


def test_the_command_tells_progress_and_names_what_is_set_aside(
    own_chain: Tally, db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    own_chain.before = fail_for(3)

    with pytest.raises(CommandError, match="1 rows are set aside"):
        call_command("run_nightly", "--on", "2026-11-20")

    told = capsys.readouterr()
    assert [line.split(",")[0] for line in told.out.splitlines()] == [
        "only: chunk 1", "only: chunk 2", "only: chunk 3", "only: finished"
    ]  # fmt: skip
    assert told.err == "only: 3 is set aside: RuntimeError: broken on purpose\n"
    own_chain.before = lambda _ids: None
    call_command("run_nightly", "--on", "2026-11-20", "--retry")
    assert "finished." in capsys.readouterr().out


@pytest.mark.parametrize("day", ["2999-01-01", "yesterday"])
def test_the_command_refuses_a_day_that_has_not_begun_or_is_none(own_chain: Tally, db: None, day: str) -> None:
    with pytest.raises(CommandError):
        call_command("run_nightly", "--on", day)


def test_old_runs_are_purged(db: None) -> None:
    run(Tally("first", before=fail_for(1)))
    ChainRun.objects.update(started_at=AT - timedelta(days=500))
    run(Tally("first"), on=ON + timedelta(days=1))

    assert chain.purge(before=AT - timedelta(days=400)) > 1
    assert list(ChainRun.objects.values_list("on", flat=True)) == [ON + timedelta(days=1)]


# --- a real process, killed for good -----------------------------------------------------------------------------


def start_process() -> subprocess.Popen[str]:
    database = {key: str(value) for key, value in connection.settings_dict.items()}
    address = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.core.chain_settings",
        "DATABASE_URL": address,
        "TALLY_SECONDS": "0.03",
        "LOG_LEVEL": "CRITICAL",
    }
    command = [sys.executable, "manage.py", "run_nightly", "--on", ON.isoformat()]
    return subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
@pytest.mark.race
def test_a_process_killed_for_good_again_and_again_leaves_a_run_that_is_finished_by_the_next(real: None) -> None:
    for lines in (1, 5, 9, 3):
        process = start_process()
        assert process.stdout is not None
        for _line in range(lines):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
        assert process.returncode == -signal.SIGKILL

    assert ChainRun.objects.get().finished_at is None
    process = start_process()
    _out, err = process.communicate(timeout=60)

    assert "1 rows are set aside" in err
    everybody = list(range(1, 61))
    assert done("first") == everybody
    assert sorted(done("second")) == [number for number in everybody if number != 7]
    assert set_aside() == [("second", 7)]
    assert {row.name: row.rows for row in ChainStep.objects.all()} == {"first": 60, "second": 59}
