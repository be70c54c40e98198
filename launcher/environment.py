"""The virtual environment with the pinned packages: made once, brought up to date, made anew when half done."""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from launcher import files, interpreter
from launcher.errors import LaunchError
from launcher.paths import Paths
from launcher.terminal import say, step

FILES = {"run": ("requirements.txt", "constraints.txt"), "dev": ("requirements-dev.txt",)}
NEEDED_BYTES = 900 * 1024 * 1024
# Settings of the caller that would send packages, or imports, elsewhere.
MISLEADING = ("PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_HASHES", "PIP_NO_DEPS")


def is_inside(paths: Paths) -> bool:
    """Tell whether this very process runs on the project's environment."""
    return Path(sys.prefix).resolve() == paths.venv.resolve()


def ensure(paths: Paths, *, dev: bool) -> None:
    """Leave behind an environment with the packages to run the product, or also those to develop it.

    Raises LaunchError when the machine cannot have one, or pip fails.
    """
    if _is_fresh(paths, dev=dev):
        return
    _check_platform()
    paths.make_folders()
    lock_file = paths.setup / "lock"
    with files.lock(lock_file, wait=False) as held:
        if held is not None:
            _update(paths, dev=dev, lock=held)
            return
    say("  Another run is installing packages; waiting for it.")
    with files.lock(lock_file, wait=True) as held:
        if held is not None and not _is_fresh(paths, dev=dev):
            _update(paths, dev=dev, lock=held)


def _update(paths: Paths, *, dev: bool, lock: int) -> None:
    dev = dev or _holds_dev(paths)
    if _is_unfinished(paths) or interpreter.objection(_version(paths)):
        _create(paths)
    with step("Python packages (takes a while the first time)"):
        _install(paths, dev=dev, lock=lock)


def _create(paths: Paths) -> None:
    free = shutil.disk_usage(paths.repo).free
    if free < NEEDED_BYTES:
        raise LaunchError(f"The disk of {paths.repo} has {free >> 20} MiB left; {NEEDED_BYTES >> 20} MiB are needed.")
    base = interpreter.find()
    # What was cut short starts over: pip takes a package whose unpacking was interrupted for installed.
    _unfinished(paths).touch()
    with step("Virtual environment"):
        made = _quiet([base, "-m", "venv", "--clear", str(paths.venv)], log=paths.setup / "pip.log")
    if made:
        raise LaunchError(f"Making the virtual environment failed.\n{_tail(paths)}")


def _install(paths: Paths, *, dev: bool, lock: int) -> None:
    _unfinished(paths).touch()
    _stamp(paths).unlink(missing_ok=True)
    wanted = paths.repo / ("requirements-dev.txt" if dev else "requirements.txt")
    # Built packages only: a bare machine has no compiler, and a missing wheel is then said at once.
    options = ["--no-input", "--disable-pip-version-check", "--progress-bar=off", "--only-binary=:all:"]
    command = [str(paths.python), "-m", "pip", "install", *options, "-r", str(wanted)]
    # pip inherits the lock: should we be killed, nobody else starts before it has ended too.
    if _quiet(command, log=paths.setup / "pip.log", keep=lock):
        raise LaunchError(f"Installing the Python packages failed. pip said:\n{_tail(paths)}")
    _unfinished(paths).unlink()
    files.write_private(_stamp(paths), _fingerprint(paths, dev=dev))


def _quiet(command: list[str], *, log: Path, keep: int | None = None) -> int:
    variables = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    with log.open("ab") as output:
        return subprocess.run(
            command,
            env=variables | {"PIP_ROOT_USER_ACTION": "ignore"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=() if keep is None else (keep,),
            check=False,
        ).returncode


def _tail(paths: Paths) -> str:
    log = paths.setup / "pip.log"
    lines = log.read_text(errors="replace").splitlines()[-8:]
    return "\n".join(f"  {line}" for line in lines) + f"\nAll of it: {log}"


def _is_fresh(paths: Paths, *, dev: bool) -> bool:
    if _is_unfinished(paths) or interpreter.objection(_version(paths)):
        return False
    stamp = _stamp(paths)
    if not stamp.exists():
        return False
    return stamp.read_text() in {_fingerprint(paths, dev=True), _fingerprint(paths, dev=dev)}


def _fingerprint(paths: Paths, *, dev: bool) -> str:
    """Name all that decides what is installed. With the place: scripts in an environment hold its path."""
    digest = hashlib.sha256(f"{paths.venv}\n{_version(paths)}\n".encode())
    for name in FILES["run"] + (FILES["dev"] if dev else ()):
        digest.update((paths.repo / name).read_bytes())
    return f"{digest.hexdigest()} {'dev' if dev else 'run'}"


def _version(paths: Paths) -> tuple[int, ...]:
    """Return the environment's Python version, (0,) where there is none."""
    try:
        lines = (paths.venv / "pyvenv.cfg").read_text().splitlines()
    except OSError:
        return (0,)
    settings = dict(line.split(" = ", 1) for line in lines if " = " in line)
    return tuple(int(part) for part in settings.get("version", "0").split(".")[:2])


def _is_unfinished(paths: Paths) -> bool:
    pip = next(paths.venv.glob("lib/python*/site-packages/pip/__main__.py"), None)
    return _unfinished(paths).exists() or not paths.python.exists() or pip is None


def _holds_dev(paths: Paths) -> bool:
    stamp = _stamp(paths)
    return stamp.exists() and stamp.read_text().endswith("dev")


def _unfinished(paths: Paths) -> Path:
    return paths.setup / "unfinished"


def _stamp(paths: Paths) -> Path:
    return paths.venv / ".installed"


def _check_platform() -> None:
    """Refuse where the packages that bring PostgreSQL and Redis do not exist. Servers of one's own need neither."""
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        return
    kind = f"{platform.system()} {platform.machine()}"
    if kind == "Linux x86_64" and platform.libc_ver()[0] == "glibc":
        return
    if kind == "Linux x86_64":
        kind += " without glibc"
    raise LaunchError(
        f"This machine is {kind}. PostgreSQL and Redis come as packages for Linux on x86_64 with glibc only.\n"
        "Set DATABASE_URL and REDIS_URL to servers of your own, or use docker compose."
    )
