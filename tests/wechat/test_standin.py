"""The stand-in itself: it answers as documented, and it is a careful process."""

import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.standin import (
    CODE2SESSION,
    REPOSITORY,
    START_SECONDS,
    StandIn,
    read_base_url,
    standin_environment,
    start_standin,
)
from wechat.standin import credentials


def ask(standin: StandIn, **query: str) -> requests.Response:
    right = {
        "appid": credentials.APP_ID,
        "secret": credentials.APP_SECRET,
        "js_code": "0" * 32,
        "grant_type": "authorization_code",
    }
    return standin.http.get(f"{standin.base_url}{CODE2SESSION}", params=right | query, timeout=5)


def control(standin: StandIn, path: str, body: Any) -> requests.Response:
    return standin.http.post(f"{standin.base_url}/standin/{path}", json=body, timeout=5)


def test_success_is_json_that_calls_itself_text(standin: StandIn) -> None:
    response = ask(standin, js_code=standin.new_code("openid-a", "unionid-a"))
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/plain")
    answer = response.json()
    assert set(answer) == {"openid", "unionid", "session_key"}
    assert len(answer["session_key"]) == 24


@pytest.mark.parametrize(
    ("query", "errcode", "errmsg"),
    [
        ({}, 40029, "invalid code"),
        ({"js_code": ""}, 41008, "missing code"),
        ({"appid": ""}, 41002, "appid missing"),
        ({"appid": "wx0000000000000000"}, 40013, "invalid appid"),
        ({"secret": ""}, 41004, "appsecret missing"),
        ({"secret": "wrong"}, 40125, "invalid appsecret"),
        ({"grant_type": "client_credential"}, 40002, "invalid grant_type"),
    ],
)
def test_refusal(standin: StandIn, query: dict[str, str], errcode: int, errmsg: str) -> None:
    response = ask(standin, **query)
    assert response.status_code == 200
    answer = response.json()
    assert answer["errcode"] == errcode
    assert answer["errmsg"].startswith(f"{errmsg}, rid: ")


def test_used_code_is_told_apart_until_it_expires(standin: StandIn) -> None:
    code = standin.new_code("openid-b")
    assert "openid" in ask(standin, js_code=code).json()
    assert ask(standin, js_code=code).json()["errcode"] == 40163
    standin.advance_clock(300)
    assert ask(standin, js_code=code).json()["errcode"] == 40029


def test_expired_code_stays_invalid_after_it_is_forgotten(standin: StandIn) -> None:
    code = standin.new_code("openid-c")
    standin.advance_clock(3601)
    standin.new_code("openid-d")
    assert ask(standin, js_code=code).json()["errcode"] == 40029


def test_one_of_twenty_simultaneous_calls_gets_the_session(standin: StandIn) -> None:
    code = standin.new_code("openid-e")
    with ThreadPoolExecutor(20) as pool:
        answers = [future.result().json() for future in [pool.submit(ask, standin, js_code=code) for _ in range(20)]]
    assert sum("openid" in answer for answer in answers) == 1
    assert sum(answer.get("errcode") == 40163 for answer in answers) == 19


def test_health(standin: StandIn) -> None:
    response = standin.http.get(f"{standin.base_url}/standin/healthz", timeout=5)
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_unknown_path(standin: StandIn, method: str) -> None:
    assert standin.http.request(method, f"{standin.base_url}/cgi-bin/nothing", timeout=5).status_code == 404


def test_faults_strike_in_order_and_then_end(standin: StandIn) -> None:
    standin.script_fault(errcode=-1)
    standin.script_fault(status=502)
    standin.script_fault(garbage="?", times=2)
    code = standin.new_code("openid-f")
    seen = [ask(standin, js_code=code) for _ in range(5)]
    assert seen[0].json()["errcode"] == -1
    assert seen[1].status_code == 502
    assert [response.text for response in seen[2:4]] == ["?", "?"]
    assert seen[4].json()["openid"] == "openid-f"


def test_cleared_faults_do_not_strike(standin: StandIn) -> None:
    standin.script_fault(errcode=-1, times=100)
    standin.clear_faults()
    assert ask(standin).json()["errcode"] == 40029


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("codes", {}),
        ("codes", {"openid": ""}),
        ("codes", {"openid": 7}),
        ("codes", {"openid": "o" * 129}),
        ("codes", {"openid": "o", "unionid": ""}),
        ("codes", {"openid": "o", "typo": 1}),
        ("codes", {"openid": "o", "\ud800": 1}),
        ("codes", ["o"]),
        ("faults", {"path": "/sns/typo", "errcode": -1}),
        ("faults", {"path": [], "errcode": -1}),
        ("faults", {"path": "/standin/codes", "errcode": -1}),
        ("faults", {"path": CODE2SESSION}),
        ("faults", {"path": CODE2SESSION, "errcode": -1, "status": 500}),
        ("faults", {"path": CODE2SESSION, "errcode": "busy"}),
        ("faults", {"path": CODE2SESSION, "errcode": True}),
        ("faults", {"path": CODE2SESSION, "status": 200}),
        ("faults", {"path": CODE2SESSION, "delay_seconds": -1}),
        ("faults", {"path": CODE2SESSION, "delay_seconds": 1e9}),
        ("faults", {"path": CODE2SESSION, "errcode": -1, "times": 0}),
        ("faults", {"path": CODE2SESSION, "errcode": -1, "times": 1.5}),
        ("clock", {"advance_seconds": -1}),
        ("clock", {"advance_seconds": "60"}),
        ("clock", {"advance_seconds": True}),
        ("clock", {"advance_seconds": 1e300}),
        ("clock", {}),
    ],
)
def test_control_door_refuses_mistakes(standin: StandIn, path: str, body: Any) -> None:
    response = control(standin, path, body)
    assert response.status_code == 400
    assert response.json()["error"]
    assert ask(standin).json()["errcode"] == 40029


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_control_door_refuses_what_is_not_json(standin: StandIn, body: bytes) -> None:
    assert standin.http.post(f"{standin.base_url}/standin/codes", data=body, timeout=5).status_code == 400


@pytest.mark.parametrize("length", ["99999999999", "-1", "x"])
def test_body_length_is_bounded(standin: StandIn, length: str) -> None:
    port = int(standin.base_url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(f"POST /standin/codes HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_listens_on_loopback_only(standin: StandIn) -> None:
    port = int(standin.base_url.rsplit(":", 1)[1])
    # Another address of the same machine: taken where somebody listens on all of them, free otherwise.
    with socket.socket() as other:
        other.bind(("127.0.0.2", port))


def test_does_not_start_with_real_credentials() -> None:
    environment = standin_environment(WECHAT_APP_SECRET="5f0c1e9a7b3d4826a1c2e3f405162738")
    with start_standin(env=environment, stderr=subprocess.PIPE) as process:
        output, complaint = process.communicate(timeout=START_SECONDS)
    assert (process.returncode, output) == (2, "")
    assert "real WeChat credentials" in complaint
    assert "5f0c1e9a" not in complaint


def test_starts_with_its_own_credentials_on_a_port_of_the_environment_and_stops_on_sigterm() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = standin_environment(WECHAT_APP_SECRET=credentials.APP_SECRET, STANDIN_PORT=str(port))
    with start_standin(env=environment) as process:
        assert read_base_url(process) == f"http://127.0.0.1:{port}"
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=START_SECONDS)
    assert (process.returncode, output) == (0, "WeChat stand-in stopped\n")


def test_says_when_its_port_is_taken(standin: StandIn) -> None:
    port = standin.base_url.rsplit(":", 1)[1]
    with start_standin("--port", port, stderr=subprocess.PIPE) as process:
        _, complaint = process.communicate(timeout=START_SECONDS)
    assert process.returncode == 1
    assert f"cannot listen on port {port}: Address already in use" in complaint


@pytest.mark.parametrize("port", ["65536", "-1", "web"])
def test_refuses_a_port_that_is_none(port: str) -> None:
    with start_standin(env=standin_environment(STANDIN_PORT=port), stderr=subprocess.PIPE) as process:
        _, complaint = process.communicate(timeout=START_SECONDS)
    assert process.returncode == 2
    assert f"invalid _port value: '{port}'" in complaint


def test_needs_nothing_but_the_standard_library() -> None:
    # -S leaves site-packages out, so an import of Django or requests fails.
    subprocess.run(
        [sys.executable, "-S", "-m", "wechat.standin", "--help"],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"]},
        check=True,
        stdout=subprocess.DEVNULL,
    )
