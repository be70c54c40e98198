"""The cast and the tools every test may ask for."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from core import jobs
from core.business_time import now
from members.models import Member
from members.services.sessions import open_session
from tests.factories import new_member

pytest_plugins = ["tests.standin", "tests.browser.plugin"]


@pytest.fixture
def alice(db: None) -> Member:
    """A member."""
    return new_member("Alice")


@pytest.fixture
def bob(db: None) -> Member:
    """Another member, who must not see or touch what is Alice's."""
    return new_member("Bob")


@pytest.fixture
def anyone() -> APIClient:
    """A client without a token."""
    return APIClient()


@pytest.fixture
def api() -> Callable[[Member], APIClient]:
    """Return a function from a member to a client that sends their access token."""

    def client_of(member: Member) -> APIClient:
        pair = open_session(member_id=member.pk, device_id=f"phone-of-{member.pk}", at=now())
        return APIClient(headers={"Authorization": f"Bearer {pair.access}"})

    return client_of


@pytest.fixture
def run_jobs() -> Callable[[], int]:
    """Return a function that does all open background jobs here and now, and says how many it did."""
    return lambda: jobs.run_open_jobs(at=now())
