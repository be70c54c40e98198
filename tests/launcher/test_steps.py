"""How the product's own processes are started."""

import socket
import subprocess
import sys
import time
from pathlib import Path

from launcher import ports, steps
from launcher.paths import Paths


def test_the_web_processes_count_into_one_folder_that_each_start_empties(tmp_path: Path) -> None:
    paths = Paths(repo=tmp_path, var=tmp_path)
    paths.run.mkdir()
    ours = steps.Processes(paths, {})
    counts = Path(ours.web(1).environment["PROMETHEUS_MULTIPROC_DIR"])

    ours.web(1).before_start()
    (counts / "counter_1.db").touch()
    ours.web(1).before_start()

    assert (list(counts.iterdir()), counts.stat().st_mode & 0o777) == ([], 0o700)
    assert "PROMETHEUS_MULTIPROC_DIR" not in ours.worker().environment


PLAIN = """
def application(environ, start_response):
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Length", "4")])
    return [b"here"]
"""


def speak(port: int, request: bytes) -> socket.socket:
    connection = socket.create_connection((ports.HOST, port), timeout=10)
    connection.sendall(request)
    return connection


def wait_until_it_accepts(port: int) -> None:
    deadline = time.monotonic() + 30
    while not ports.accepts(port):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_phone_that_is_gone_in_the_middle_of_its_request_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text(PLAIN)
    port = ports.pick()
    command = steps.Processes(Paths(repo=tmp_path, var=tmp_path), {}).web(port).command
    environment = {"GRANIAN_WORKERS": "1", "PATH": "/usr/bin:/bin"}
    options = [*command[1:-1], "plain:application"]
    web = subprocess.Popen([sys.executable, *options], cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_until_it_accepts(port)
        with speak(port, b"POST / HTTP/1.1\r\nHost: mall\r\nContent-Length: 400\r\n\r\nhalf"):
            # The first of these may still come before it.
            for _call in range(5):
                with speak(port, b"GET / HTTP/1.1\r\nHost: mall\r\nConnection: close\r\n\r\n") as other:
                    assert other.recv(1000).startswith(b"HTTP/1.1 200 OK")
    finally:
        web.terminate()
        web.wait(timeout=20)
