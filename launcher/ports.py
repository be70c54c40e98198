"""Free ports on loopback."""

import random
import socket

from launcher.errors import LaunchError

HOST = "127.0.0.1"
FIRST_WEB_PORT = 8000
VALID = range(1, 65_536)
WEB_PORTS_TRIED = 100
# Below the range from which kernels take ports for outgoing connections: a server that died gets its port back.
SERVER_PORTS = range(15_000, 30_000)


def is_free(port: int) -> bool:
    """Tell whether nobody listens on a port or has it reserved."""
    with socket.socket() as probe:
        # Connections that are just closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def pick() -> int:
    """Return a free port, another one each time."""
    for port in random.SystemRandom().sample(SERVER_PORTS, k=200):
        if is_free(port):
            return port
    raise LaunchError(f"No free port between {SERVER_PORTS.start} and {SERVER_PORTS.stop}.")


def reserve_web(first: int) -> tuple[int, socket.socket]:
    """Return `first` or the next free port, with a socket that keeps it ours while the web server restarts.

    The socket never listens. It shares its port with sockets of the same user that also ask for sharing, as the web
    server's do, and turns away everybody else, a second copy of the project too (see is_free).
    """
    for port in range(first, min(first + WEB_PORTS_TRIED, VALID.stop)):
        if not is_free(port):
            continue
        holder = socket.socket()
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            holder.bind((HOST, port))
        except OSError:
            holder.close()
        else:
            return port, holder
    raise LaunchError(f"No free port between {first} and {first + WEB_PORTS_TRIED} for the web server.")


def accepts(port: int) -> bool:
    """Tell whether somebody listens on a port."""
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True
