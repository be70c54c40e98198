"""Jobs through the outbox: once, after commit, whatever dies in between."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app, shared_task
from django.db import connection, transaction

from core import jobs
from core.business_time import now
from core.models import AnsweredRequest, OutboxJob
from core.transactions import TransactionRequiredError

calls: list[int] = []


@shared_task(name="tests.note")
def note(*, number: int, **_later: Any) -> None:
    """Leave a trace in the database and in memory."""
    calls.append(number)
    AnsweredRequest.objects.create(scope="note", key=str(number), fingerprint="", status=200, body="")


@shared_task(name="tests.fail")
def fail(*, number: int, **_later: Any) -> None:
    """Leave a trace and fail."""
    note.run(number=number)
    raise RuntimeError("broken on purpose")


@pytest.fixture(autouse=True)
def no_calls() -> Iterator[None]:
    calls.clear()
    yield
    calls.clear()


def ask(name: str, number: int) -> int:
    with transaction.atomic():
        jobs.after_commit(name, number=number)
    return OutboxJob.objects.latest("id").pk


def test_a_job_can_only_be_asked_for_inside_a_transaction(db: None) -> None:
    with pytest.raises(TransactionRequiredError):
        jobs.after_commit("tests.note", number=1)


def test_a_job_of_a_transaction_rolled_back_never_was(db: None) -> None:
    with transaction.atomic():
        jobs.after_commit("tests.note", number=1)
        transaction.set_rollback(True)

    assert not OutboxJob.objects.exists()


def test_a_job_runs_once_however_often_its_hint_arrives(db: None) -> None:
    job_id = ask("tests.note", 1)

    assert jobs.run(job_id=job_id, at=now())
    assert not jobs.run(job_id=job_id, at=now())
    assert calls == [1]


def test_a_failing_job_leaves_no_effect_and_comes_again_later(db: None) -> None:
    job_id = ask("tests.fail", 1)
    at = now()

    assert not jobs.run(job_id=job_id, at=at)

    job = OutboxJob.objects.get(pk=job_id)
    assert not AnsweredRequest.objects.exists()
    assert (job.attempts, job.last_error) == (1, "RuntimeError: broken on purpose")
    assert job.due_at > at


def test_a_job_that_keeps_failing_is_given_up_and_can_be_opened_again(db: None) -> None:
    job_id = ask("tests.fail", 1)
    for _attempt in range(jobs.MAX_ATTEMPTS):
        jobs.run(job_id=job_id, at=now())

    assert OutboxJob.objects.get(pk=job_id).failed_at is not None
    assert not jobs.run(job_id=job_id, at=now())
    assert len(calls) == jobs.MAX_ATTEMPTS

    assert jobs.retry(job_ids=[job_id], at=now()) == 1
    OutboxJob.objects.filter(pk=job_id).update(name="tests.note")
    assert jobs.run(job_id=job_id, at=now())


@pytest.mark.django_db(transaction=True)
def test_with_the_broker_gone_the_use_case_succeeds_and_the_sweeper_sends_the_job(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as gone:
        gone.setattr(current_app.conf, "broker_url", "redis://127.0.0.1:1/0")
        gone.setattr(current_app, "_pool", None)
        gone.setattr(current_app.amqp, "_producer_pool", None)
        job_id = ask("tests.note", 1)
    current_app.amqp._producer_pool = None

    assert OutboxJob.objects.get(pk=job_id).done_at is None
    assert jobs.sweep(at=now()) == 0  # its own hint may still be on its way
    assert jobs.sweep(at=now() + timedelta(minutes=1)) == 1
    assert jobs.sweep(at=now() + timedelta(minutes=1)) == 0  # sent just now; not again at once


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_workers_that_meet_over_a_job_run_it_once() -> None:
    job_id = ask("tests.note", 1)
    start = threading.Barrier(8)
    ran: list[bool] = []

    def work() -> None:
        start.wait()
        ran.append(jobs.run(job_id=job_id, at=now()))
        connection.close()

    threads = [threading.Thread(target=work) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(ran) == [False] * 7 + [True]
    assert calls == [1]


def test_a_job_that_kills_its_worker_is_given_up_too(db: None) -> None:
    job_id = ask("tests.note", 1)
    # Killed between the count and the work, as often as it may be tried.
    for _attempt in range(jobs.MAX_ATTEMPTS):
        assert jobs._count_attempt(job_id=job_id, at=now())

    assert not jobs.run(job_id=job_id, at=now())

    assert OutboxJob.objects.get(pk=job_id).failed_at is not None
    assert calls == []


def test_what_the_database_says_of_a_refused_row_is_not_kept(db: None) -> None:
    job_id = ask("tests.note", 1)
    AnsweredRequest.objects.create(scope="note", key="1", fingerprint="", status=200, body="")

    jobs.run(job_id=job_id, at=now())

    error = OutboxJob.objects.get(pk=job_id).last_error
    assert error.startswith("IntegrityError")
    assert "DETAIL" not in error
