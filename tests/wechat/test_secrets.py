"""Secrets, codes and ids stay out of logs and exceptions; real credentials stay with WeChat."""

import logging
import socket
import threading
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from core.errors import DomainError
from tests.standin import CODE2SESSION, StandIn
from wechat.client import WechatMisconfigured, WechatUnavailable
from wechat.guard import OFFICIAL_API_BASE
from wechat.services import LoginBlocked, exchange_login_code
from wechat.standin import credentials

REAL_SECRET = "5f0c1e9a7b3d4826a1c2e3f405162738"


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    for name in ("wechat.client", "wechat.services", "urllib3.connectionpool", "urllib3.util.retry"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def written(caplog: pytest.LogCaptureFixture) -> str:
    """Return all a handler could write of the records: text, arguments and tracebacks."""
    return caplog.text + "".join(f"{record.msg!r} {record.args!r}" for record in caplog.records)


Trouble = Callable[[StandIn, Settings, str], None]


def nothing_listens(standin: StandIn, settings: Settings, code: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        settings.WECHAT_API_BASE = f"http://127.0.0.1:{unused.getsockname()[1]}"


def answer_is_late(standin: StandIn, settings: Settings, code: str) -> None:
    settings.WECHAT_TIMEOUT = (2.0, 0.2)
    standin.script_fault(delay_seconds=1)


def answer_is_garbage(standin: StandIn, settings: Settings, code: str) -> None:
    standin.script_fault(garbage=f"<a href='?secret={credentials.APP_SECRET}&js_code={code}'>")


def errmsg_quotes_us(standin: StandIn, settings: Settings, code: str) -> None:
    errmsg = f"bad: {credentials.APP_SECRET}, {code}"
    standin.script_fault(garbage=f'{{"errcode": 40125, "errmsg": "{errmsg}"}}')


@pytest.mark.parametrize("trouble", [nothing_listens, answer_is_late, answer_is_garbage, errmsg_quotes_us])
def test_trouble_tells_no_secret(
    standin: StandIn,
    wechat_settings: Settings,
    everything_logged: pytest.LogCaptureFixture,
    trouble: Trouble,
) -> None:
    code = standin.new_code("openid-secret", "unionid-secret")
    trouble(standin, wechat_settings, code)
    with pytest.raises(DomainError) as caught:
        exchange_login_code(code=code)
    shown = written(everything_logged) + "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert "wechat.client" in shown
    assert credentials.APP_SECRET not in shown
    assert code not in shown
    # Not even hidden behind "raise … from None": error trackers follow these.
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_success_tells_no_secret_even_at_debug(
    standin: StandIn, wechat_settings: Settings, everything_logged: pytest.LogCaptureFixture
) -> None:
    code = standin.new_code("openid-secret", "unionid-secret")
    exchange_login_code(code=code)
    shown = written(everything_logged)
    assert f"{CODE2SESSION}?appid={credentials.APP_ID}&secret=[hidden]&js_code=[hidden]" in shown
    for private in (credentials.APP_SECRET, code, "openid-secret", "unionid-secret"):
        assert private not in shown


def test_session_key_is_not_logged(
    standin: StandIn, wechat_settings: Settings, everything_logged: pytest.LogCaptureFixture
) -> None:
    standin.script_fault(garbage='{"session_key": "HyVFkGl5F5OQWJZZaNzBBg==", "openid": ""}')
    with pytest.raises(WechatUnavailable):
        exchange_login_code(code=standin.new_code("openid-secret"))
    shown = written(everything_logged)
    assert "without openid" in shown
    assert "HyVFkGl5F5OQWJZZaNzBBg" not in shown


def test_standin_logs_neither_codes_nor_ids(standin: StandIn, wechat_settings: Settings) -> None:
    code = standin.new_code("openid-unlogged")
    exchange_login_code(code=code)
    shown = standin.log_text()
    assert f"GET {CODE2SESSION} 200" in shown
    for private in (code, "openid-unlogged", credentials.APP_SECRET):
        assert private not in shown


def test_real_credentials_are_not_sent_elsewhere(standin: StandIn, wechat_settings: Settings) -> None:
    standin.script_fault(errcode=40226)
    wechat_settings.WECHAT_APP_SECRET = REAL_SECRET
    with pytest.raises(WechatMisconfigured):
        exchange_login_code(code="0" * 32)
    # The scripted fault is still there: nothing reached the stand-in.
    wechat_settings.WECHAT_APP_SECRET = credentials.APP_SECRET
    with pytest.raises(LoginBlocked):
        exchange_login_code(code="0" * 32)


class _Elsewhere(BaseHTTPRequestHandler):
    """Sends every caller, with all it brought, on to `target`."""

    target = ""

    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", self.target + self.path)
        self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def test_secret_does_not_follow_a_redirect(standin: StandIn, wechat_settings: Settings) -> None:
    code = standin.new_code("openid-redirect")
    with HTTPServer(("127.0.0.1", 0), _Elsewhere) as elsewhere:
        _Elsewhere.target = standin.base_url
        threading.Thread(target=elsewhere.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        wechat_settings.WECHAT_API_BASE = f"http://127.0.0.1:{elsewhere.server_port}"
        with pytest.raises(WechatUnavailable):
            exchange_login_code(code=code)
        elsewhere.shutdown()
    # Followed, the redirect would have used the code up.
    wechat_settings.WECHAT_API_BASE = standin.base_url
    assert exchange_login_code(code=code).openid == "openid-redirect"


def problems() -> set[str | None]:
    return {message.id for message in run_checks(tags=["wechat"])}


@pytest.mark.parametrize("base", [OFFICIAL_API_BASE, OFFICIAL_API_BASE + "/"])
def test_check_accepts_real_credentials_for_wechat(settings: Settings, base: str) -> None:
    settings.DEMO_MODE = settings.DEBUG = False
    settings.WECHAT_APP_ID, settings.WECHAT_APP_SECRET, settings.WECHAT_API_BASE = "wx1", REAL_SECRET, base
    assert problems() == set()


@pytest.mark.parametrize(
    "base", ["http://127.0.0.1:8790", "http://api.weixin.qq.com", "https://api.weixin.qq.com.example", ""]
)
def test_check_refuses_real_credentials_for_another_server(settings: Settings, base: str) -> None:
    settings.DEMO_MODE = True
    settings.WECHAT_APP_SECRET, settings.WECHAT_API_BASE = REAL_SECRET, base
    assert problems() == {"wechat.E001"}


@pytest.mark.parametrize(
    ("app_id", "secret"), [("", REAL_SECRET), ("wx1", ""), (credentials.APP_ID, credentials.APP_SECRET)]
)
def test_check_refuses_production_without_credentials(settings: Settings, app_id: str, secret: str) -> None:
    settings.DEMO_MODE = settings.DEBUG = False
    settings.WECHAT_APP_ID, settings.WECHAT_APP_SECRET = app_id, secret
    settings.WECHAT_API_BASE = OFFICIAL_API_BASE
    assert problems() == {"wechat.E002"}


def test_check_accepts_the_standin_in_demo_mode(wechat_settings: Settings) -> None:
    wechat_settings.DEMO_MODE = True
    assert problems() == set()
