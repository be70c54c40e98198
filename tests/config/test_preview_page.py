"""The preview page's few addresses of its own; what it does in a browser is tested in tests/browser."""

import os
import re
import subprocess
import sys

import pytest
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from config.demo.data import demo
from tests.factories import new_member
from tests.standin import REPOSITORY, StandIn


def test_the_page_loads_nothing_from_elsewhere(client: Client) -> None:
    answer = client.get("/")
    page = answer.content.decode()

    assert answer.status_code == 200
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert re.findall(r'(?:src|href)="(?!/)[^"]*"', page) == []
    assert re.findall(r"\son\w+=|<style|style=|<script(?![^>]*src=)", page) == []


def test_no_script_puts_data_into_the_page_as_html() -> None:
    scripts = list((REPOSITORY / "config/demo/static/demo").rglob("*.js"))
    risky = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function")

    assert len(scripts) > 10
    assert [path.name for path in scripts if risky.search(path.read_text(encoding="utf-8"))] == []


def test_the_page_knows_whose_phone_it_can_be(anyone: APIClient) -> None:
    members = anyone.get("/demo/members").json()["results"]

    assert [member["openid"] for member in members] == [member["openid"] for member in demo()["members"]]
    assert all(member["nickname"] and member["note"] for member in members)


@pytest.mark.django_db
def test_a_login_code_logs_the_demo_member_in(anyone: APIClient, wechat_settings: Settings) -> None:
    member = new_member("Lin", openid="demo-lin")

    code = anyone.post("/demo/login-code", {"member": "demo-lin"}, format="json").json()["code"]
    login = anyone.post("/api/v1/auth/login", {"code": code}, format="json")

    assert login.status_code == 200
    assert login.json()["member"]["no"] == member.no


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"member": "somebody-else"}, 404, "demo_member_not_found"),
        ({"member": 7}, 400, "invalid"),
        ({}, 400, "invalid"),
        ({"member": "demo-lin", "unionid": "u"}, 400, "invalid"),
    ],
)
@pytest.mark.usefixtures("wechat_settings")
def test_nobody_else_gets_a_code(
    body: dict[str, object], status: int, code: str, anyone: APIClient, standin: StandIn
) -> None:
    asked_before = standin.log_text().count("/standin/codes")

    answer = anyone.post("/demo/login-code", body, format="json")

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert standin.log_text().count("/standin/codes") == asked_before


@pytest.mark.parametrize("base", ["http://127.0.0.1:9", "https://api.weixin.qq.com"], ids=["stopped", "real WeChat"])
def test_without_the_stand_in_there_are_no_codes(base: str, anyone: APIClient, settings: Settings) -> None:
    settings.WECHAT_API_BASE = base

    answer = anyone.post("/demo/login-code", {"member": "demo-lin"}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (503, "standin_unavailable")


def test_outside_demo_mode_none_of_it_exists() -> None:
    program = (
        "import django; django.setup()\n"
        "from django.contrib.staticfiles import finders\n"
        "from django.urls import Resolver404, resolve\n"
        "for path in ('/', '/demo/members', '/demo/login-code'):\n"
        "    try: print('served', resolve(path))\n"
        "    except Resolver404: pass\n"
        "print('script', finders.find('demo/app.js'))\n"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings_test", "DEMO_MODE": "false"}

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "script None"
