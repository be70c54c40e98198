"""The schedule, and that there is one beat at a time."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings
from django.db import connection

from core.beat import LOCK_NUMBER, SingleBeatScheduler

Make = Callable[[str], SingleBeatScheduler]


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[Callable[[str], SingleBeatScheduler]]:
    made: list[SingleBeatScheduler] = []

    def make(name: str) -> SingleBeatScheduler:
        made.append(SingleBeatScheduler(app=current_app._get_current_object(), schedule_filename=str(tmp_path / name)))
        return made[-1]

    yield make
    for beat in made:
        beat.close()


def test_every_scheduled_task_exists() -> None:
    names = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    assert names <= set(current_app.tasks)


@pytest.mark.django_db
@pytest.mark.parametrize("task", sorted({entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}))
def test_every_scheduled_task_runs_and_ignores_what_later_versions_add(task: str) -> None:
    current_app.tasks[task].run(added_later=1)


@pytest.mark.django_db(transaction=True)
def test_a_second_beat_waits_and_takes_over_when_the_first_is_gone(scheduler: Make) -> None:
    first, second = scheduler("first"), scheduler("second")

    assert first._holds_lock()
    assert first._holds_lock()
    assert not second._holds_lock()

    with connection.cursor() as cursor:  # as when the first one's machine dies
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [LOCK_NUMBER],
        )
    deadline = time.monotonic() + 5
    while not second._holds_lock() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert second._holds_lock()
    assert not first._holds_lock()


@pytest.mark.django_db(transaction=True)
def test_a_beat_without_the_lock_sends_nothing(scheduler: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = scheduler("first"), scheduler("second")
    first._holds_lock()
    sent: list[str] = []
    monkeypatch.setattr(second, "apply_entry", lambda entry, **_more: sent.append(entry.name))

    assert second.tick() > 0
    assert sent == []
