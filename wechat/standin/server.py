"""The server: loopback only, state in memory, every module brings its own routes."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from wechat.standin.clock import Clock
from wechat.standin.faults import FaultScript
from wechat.standin.login import LoginDesk
from wechat.standin.wire import Refused, Reply, Request, Routes

HOST = "127.0.0.1"
BODY_MAX_BYTES = 1024 * 1024


class StandInServer(ThreadingHTTPServer):
    """WeChat on loopback; `port` 0 takes a free one."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, *, port: int) -> None:
        clock = Clock()
        # WeChat's own calls; the control door under /standin/ is no part of WeChat and never fails by script.
        wechat: Routes = LoginDesk(clock=clock).routes()
        self._faults = FaultScript(paths={path for _, path in wechat if not path.startswith("/standin/")})
        self._routes: Routes = {
            **wechat,
            **clock.routes(),
            **self._faults.routes(),
            ("GET", "/standin/healthz"): _report_health,
        }
        super().__init__((HOST, port), _Connection)

    @property
    def base_url(self) -> str:
        """Return what WECHAT_API_BASE is set to."""
        return f"http://{HOST}:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Take it calmly when a client hangs up, as one does whose time-out a scripted delay provoked."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def answer(self, request: Request) -> Reply:
        """Answer one request: a scripted fault first, then the module that serves the path."""
        if fault := self._faults.reply_to(request.path):
            return fault
        handler = self._routes.get((request.method, request.path))
        if handler is None:
            return Reply.json({"error": "the stand-in does not serve this"}, status=404)
        try:
            return handler(request)
        except Refused as refusal:
            return Reply.json({"error": str(refusal)}, status=400)


class _Connection(BaseHTTPRequestHandler):
    """One kept-alive connection."""

    server: StandInServer
    protocol_version = "HTTP/1.1"
    # One packet per answer: headers and body in two of them cost 40 ms on a kept-alive connection.
    wbufsize = -1
    # Idle seconds after which the connection and its thread are let go.
    timeout = 60

    def _serve(self) -> None:
        body = self._read_body()
        if body is None:
            self.close_connection = True
            self._send(Reply.json({"error": f"Content-Length of at most {BODY_MAX_BYTES} expected"}, status=413))
            return
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        self._send(self.server.answer(Request(self.command, url.path, query, body)))

    # The names http.server calls.
    do_GET = do_POST = do_DELETE = _serve  # noqa: N815

    def _read_body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > BODY_MAX_BYTES:
            return None
        return self.rfile.read(int(length))

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)
        # Never the query: it holds the login code and the secret.
        print(f"{self.command} {urlsplit(self.path).path} {reply.status}", file=sys.stderr, flush=True)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: http.server would quote the query. `_send` writes the log."""


def _report_health(request: Request) -> Reply:
    return Reply.json({"status": "ok"})
