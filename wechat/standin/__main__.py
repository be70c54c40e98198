"""`python -m wechat.standin [--port N]`: run the stand-in until Ctrl-C or SIGTERM."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence

from wechat.standin import credentials
from wechat.standin.server import StandInServer


def main(argv: Sequence[str] | None = None) -> int:
    """Serve and return the exit status: 0 stopped, 1 the port is taken, 2 refused to start."""
    if credentials.is_real(os.environ.get("WECHAT_APP_SECRET", "")):
        print("The stand-in does not run where real WeChat credentials are set (WECHAT_APP_SECRET).", file=sys.stderr)
        return 2
    parser = argparse.ArgumentParser(prog="python -m wechat.standin", description="Answer as WeChat does.")
    # A default given as text is read by `type` too, so a bad STANDIN_PORT is refused like a bad --port.
    default_port = os.environ.get("STANDIN_PORT") or "0"
    parser.add_argument("--port", type=_port, default=default_port, help="0 (the default) takes a free one")
    port = parser.parse_args(argv).port
    try:
        server = StandInServer(port=port)
    except OSError as error:
        print(f"The stand-in cannot listen on port {port}: {error.strerror}", file=sys.stderr)
        return 1
    with server:
        try:
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            print(f"WeChat stand-in listening on {server.base_url}", flush=True)
            server.serve_forever()
        except KeyboardInterrupt:
            print("WeChat stand-in stopped", flush=True)
    return 0


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:  # noqa: PLR2004
        raise ValueError(text)
    return port


if __name__ == "__main__":
    sys.exit(main())
