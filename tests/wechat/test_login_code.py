"""A login code is traded for an identity, over real HTTP against the stand-in."""

import socket
import time
from collections.abc import Callable

import pytest
from pytest_django import Settings

from core.errors import DomainError
from tests.standin import CODE2SESSION, StandIn
from wechat.client import WechatMisconfigured, WechatRateLimited, WechatUnavailable
from wechat.services import CODE_MAX_LENGTH, LoginBlocked, LoginCodeInvalid, exchange_login_code

pytestmark = pytest.mark.usefixtures("wechat_settings")


def refusal_of(code: str) -> DomainError:
    with pytest.raises(DomainError) as caught:
        exchange_login_code(code=code)
    return caught.value


def calls(standin: StandIn) -> int:
    return standin.log_text().count(f"GET {CODE2SESSION} ")


def test_code_gives_openid_and_unionid(standin: StandIn) -> None:
    identity = exchange_login_code(code=standin.new_code("openid-1", "unionid-1"))
    assert (identity.openid, identity.unionid) == ("openid-1", "unionid-1")


def test_unionid_is_none_without_open_platform_account(standin: StandIn) -> None:
    identity = exchange_login_code(code=standin.new_code("openid-2"))
    assert (identity.openid, identity.unionid) == ("openid-2", None)


def test_identity_carries_no_session_key_and_shows_no_ids(standin: StandIn) -> None:
    identity = exchange_login_code(code=standin.new_code("openid-3", "unionid-3"))
    assert set(vars(identity)) == {"openid", "unionid"}
    assert repr(identity) == "LoginIdentity()"


def test_code_works_once(standin: StandIn) -> None:
    code = standin.new_code("openid-4")
    exchange_login_code(code=code)
    assert isinstance(refusal_of(code), LoginCodeInvalid)


def test_unknown_code_is_invalid() -> None:
    refusal = refusal_of("0" * 32)
    assert isinstance(refusal, LoginCodeInvalid)
    assert (refusal.code, refusal.status) == ("login_code_invalid", 401)


def test_code_lives_five_minutes(standin: StandIn) -> None:
    in_time, too_late = standin.new_code("openid-5"), standin.new_code("openid-6")
    standin.advance_clock(290)
    assert exchange_login_code(code=in_time).openid == "openid-5"
    standin.advance_clock(10)
    assert isinstance(refusal_of(too_late), LoginCodeInvalid)


@pytest.mark.parametrize("junk", ["", " \n", "a" * (CODE_MAX_LENGTH + 1), "代码", "\ud800", "a\x00b"])
def test_what_cannot_be_a_code_costs_no_call(standin: StandIn, junk: str) -> None:
    before = calls(standin)
    assert isinstance(refusal_of(junk), LoginCodeInvalid)
    assert calls(standin) == before


@pytest.mark.parametrize("nasty", ["a&secret=b", "a#b", "a%00b", "../../x?y=z", "a+b c"])
def test_code_cannot_change_the_request(nasty: str) -> None:
    assert isinstance(refusal_of(nasty), LoginCodeInvalid)


@pytest.mark.parametrize(
    ("errcode", "error", "code", "status"),
    [
        (40029, LoginCodeInvalid, "login_code_invalid", 401),
        (40163, LoginCodeInvalid, "login_code_invalid", 401),
        (40226, LoginBlocked, "login_blocked", 403),
        (45011, WechatRateLimited, "wechat_rate_limited", 429),
        (40013, WechatMisconfigured, "wechat_error", 502),
        (40125, WechatMisconfigured, "wechat_error", 502),
        (40164, WechatMisconfigured, "wechat_error", 502),
    ],
)
def test_documented_error(standin: StandIn, errcode: int, error: type[DomainError], code: str, status: int) -> None:
    standin.script_fault(errcode=errcode)
    refusal = refusal_of(standin.new_code("openid-7"))
    assert (type(refusal), refusal.code, refusal.status) == (error, code, status)


def test_rate_limit_says_when_to_come_back(standin: StandIn) -> None:
    standin.script_fault(errcode=45011)
    assert refusal_of(standin.new_code("openid-8")).retry_after == 60


def test_only_busy_is_tried_again(standin: StandIn) -> None:
    code = standin.new_code("openid-9")
    standin.script_fault(errcode=45011)
    assert isinstance(refusal_of(code), WechatRateLimited)
    assert exchange_login_code(code=code).openid == "openid-9"


def test_busy_twice_then_success(standin: StandIn) -> None:
    standin.script_fault(errcode=-1, times=2)
    assert exchange_login_code(code=standin.new_code("openid-10")).openid == "openid-10"


def test_busy_three_times_is_given_up(standin: StandIn) -> None:
    standin.script_fault(errcode=-1, times=10)
    before = calls(standin)
    refusal = refusal_of(standin.new_code("openid-11"))
    assert (type(refusal), refusal.code, refusal.status) == (WechatUnavailable, "wechat_unavailable", 503)
    assert calls(standin) - before == 3


def test_busy_then_refused(standin: StandIn) -> None:
    standin.script_fault(errcode=-1)
    standin.script_fault(errcode=40226)
    assert isinstance(refusal_of(standin.new_code("openid-12")), LoginBlocked)


def test_slow_answer_is_not_waited_for_nor_asked_again(standin: StandIn, settings: Settings) -> None:
    settings.WECHAT_TIMEOUT = (2.0, 0.3)
    code = standin.new_code("openid-13")
    standin.script_fault(delay_seconds=3)
    began = time.monotonic()
    assert isinstance(refusal_of(code), WechatUnavailable)
    assert time.monotonic() - began < 2
    # Asked again at once, it would have succeeded above and the code would be used up here.
    settings.WECHAT_TIMEOUT = (2.0, 5.0)
    assert exchange_login_code(code=code).openid == "openid-13"


@pytest.mark.parametrize(
    "garbage",
    ["<html>maintenance</html>", "", "[]", '"text"', "null", '{"errcode":"busy"}', "[" * 100_000],
    ids=["html", "empty", "list", "text", "null", "errcode-text", "deep"],
)
def test_garbage_is_unavailable(standin: StandIn, garbage: str) -> None:
    standin.script_fault(garbage=garbage)
    assert isinstance(refusal_of(standin.new_code("openid-14")), WechatUnavailable)


@pytest.mark.parametrize(
    "answer",
    [
        "{}",
        '{"openid":""}',
        '{"openid":7}',
        '{"session_key":"k","unionid":"u"}',
        '{"openid":"' + "x" * 65 + '"}',
        '{"openid":"\\ud800"}',
        '{"openid":"a\\u0000b"}',
    ],
)
def test_answer_without_openid_is_unavailable(standin: StandIn, answer: str) -> None:
    standin.script_fault(garbage=answer)
    assert isinstance(refusal_of(standin.new_code("openid-15")), WechatUnavailable)


@pytest.mark.parametrize("unionid", ['"' + "u" * 65 + '"', '"\\ud800"', "7", '""', "null"])
def test_a_unionid_that_is_none_is_left_out(standin: StandIn, unionid: str) -> None:
    standin.script_fault(garbage='{"openid":"openid-15","unionid":' + unionid + "}")
    identity = exchange_login_code(code=standin.new_code("openid-15"))
    assert (identity.openid, identity.unionid) == ("openid-15", None)


@pytest.mark.parametrize("status", [404, 500, 502])
def test_http_error_is_unavailable(standin: StandIn, status: int) -> None:
    standin.script_fault(status=status)
    assert isinstance(refusal_of(standin.new_code("openid-16")), WechatUnavailable)


def test_nobody_listening_is_unavailable(wechat_settings: Settings) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        wechat_settings.WECHAT_API_BASE = f"http://127.0.0.1:{unused.getsockname()[1]}"
        assert isinstance(refusal_of("0" * 32), WechatUnavailable)


@pytest.mark.parametrize(
    "misconfigure",
    [
        lambda settings: setattr(settings, "WECHAT_APP_SECRET", ""),
        lambda settings: setattr(settings, "WECHAT_APP_ID", "wx0000000000000000"),
    ],
    ids=["no-secret", "foreign-app-id"],
)
def test_wrong_credentials_leave_the_code_usable(
    standin: StandIn, wechat_settings: Settings, misconfigure: Callable[[Settings], None]
) -> None:
    code, right = standin.new_code("openid-17"), (wechat_settings.WECHAT_APP_ID, wechat_settings.WECHAT_APP_SECRET)
    misconfigure(wechat_settings)
    assert isinstance(refusal_of(code), WechatMisconfigured)
    wechat_settings.WECHAT_APP_ID, wechat_settings.WECHAT_APP_SECRET = right
    assert exchange_login_code(code=code).openid == "openid-17"


def test_proxy_of_the_machine_does_not_stand_before_the_standin(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = standin.new_code("openid-18")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert exchange_login_code(code=code).openid == "openid-18"


def test_base_url_may_end_with_a_slash(standin: StandIn, wechat_settings: Settings) -> None:
    wechat_settings.WECHAT_API_BASE = f"{standin.base_url}/"
    assert exchange_login_code(code=standin.new_code("openid-19")).openid == "openid-19"
