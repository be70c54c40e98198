"""The nightly runs in admin: what each step did, who was set aside, and the way to go on."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery import current_app
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from core import chain
from core.business_time import business_day, now
from core.models import ChainRun, ChainStep, OutboxJob
from members.models import Member
from tests.core.chain_steps import Tally

LIST = "/admin/core/chainrun/"


def staff_with(*codenames: str) -> Client:
    user = User.objects.create_user("wang", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def again(client: Client, run: ChainRun) -> Any:
    return client.post(reverse("admin:core_chainrun_resume", args=[run.pk]), {"_form_submitted": "True"})


@pytest.fixture
def own_chain(alice: Member, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Tally]:
    """Let the nightly chain be one step of ours, which cannot do Alice."""
    step = Tally("only", total=alice.pk)
    step.before = lambda ids: 1 / 0 if alice.pk in ids else None
    monkeypatch.setattr("tests.core.chain_steps.FIRST", step)
    settings.NIGHTLY_CHAIN = ["tests.core.chain_steps.FIRST"]
    return step


@pytest.fixture
def run(own_chain: Tally) -> ChainRun:
    return chain.run(steps=[own_chain], on=business_day(now()), at=now())


def test_the_page_shows_progress_and_leads_to_who_was_set_aside(run: ChainRun, alice: Member) -> None:
    page = staff_with("view_chainrun").get(f"{LIST}{run.pk}/change/").content.decode()

    assert "Step only" in page
    assert f'href="/admin/members/member/{alice.pk}/change/"' in page
    assert "ZeroDivisionError" in page


def test_the_list_says_how_many_rows_are_open(run: ChainRun) -> None:
    client = staff_with("view_chainrun")
    [shown] = client.get(LIST).context["cl"].queryset
    assert shown.open_count == 1

    ChainStep.objects.update(finished_at=None, stopped_because="RuntimeError: broken")
    ChainRun.objects.update(finished_at=None)
    assert client.get(LIST).status_code == 200
    assert client.get(f"{LIST}{run.pk}/change/").status_code == 200


def test_a_step_that_left_the_chain_is_shown_by_its_name(run: ChainRun, settings: Any) -> None:
    settings.NIGHTLY_CHAIN = []

    page = staff_with("view_chainrun").get(f"{LIST}{run.pk}/change/").content.decode()

    assert "only" in page


def test_running_again_needs_the_right_to(run: ChainRun) -> None:
    again(staff_with("view_chainrun"), run)
    assert not OutboxJob.objects.exists()

    User.objects.all().delete()
    answer = again(staff_with("view_chainrun", "resume_chainrun"), run)
    assert answer.headers["HX-Redirect"] == f"{LIST}{run.pk}/change/"
    job = OutboxJob.objects.get()
    assert (job.name, job.arguments) == ("core.resume_nightly", {"on": run.on.isoformat()})


def test_the_job_sends_word_to_a_worker_and_the_word_does_what_was_left(
    run: ChainRun, own_chain: Tally, run_jobs: Callable[[], int]
) -> None:
    with current_app.connection_for_read() as broker:
        queue = broker.SimpleQueue(current_app.conf.task_default_queue)
        queue.clear()
        again(staff_with("view_chainrun", "resume_chainrun"), run)
        assert run_jobs() == 1
        message = queue.get(timeout=5)
        message.ack()
    own_chain.before = lambda _ids: None

    assert message.headers["task"] == "core.run_nightly"
    _args, kwargs, _embedded = message.decode()
    current_app.tasks[message.headers["task"]].run(**kwargs)

    assert not run.steps.filter(set_aside__settled_at=None, set_aside__isnull=False).exists()
