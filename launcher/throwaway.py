"""Servers for one command: made for it, empty, fast instead of safe, and gone after it."""

import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from launcher import files, servers, steps
from launcher import place as places
from launcher.paths import Paths
from launcher.secret_file import Secrets
from launcher.supervisor import Stopped, Supervisor

LOCK = "in-use"
# A folder younger than this may not be locked yet by the run that is making it.
SETTLED_SECONDS = 60


def run(paths: Paths, command: Sequence[str]) -> int:
    """Run a command with throw-away servers and return its exit status."""
    if servers.are_all_given():
        return _run(paths, command, places.Place(folder=paths.var, programs=places.Programs(paths.venv), user=None))
    _sweep()
    place = places.throwaway()
    try:
        with files.lock(place.folder / LOCK, wait=True):
            return _run(paths, command, place)
    finally:
        shutil.rmtree(place.folder, ignore_errors=True)


def _run(paths: Paths, command: Sequence[str], place: places.Place) -> int:
    secrets = Secrets.new()
    try:
        with Supervisor() as supervisor:
            urls = servers.start(supervisor, place, secrets, logs=place.folder, careless=True)
            environment = {**os.environ, **steps.environment(paths, secrets, urls)}
            return supervisor.run_here(command, environment, folder=paths.repo)
    except Stopped:
        return 130


def _sweep() -> None:
    """Remove what killed runs left in the folder for temporary files."""
    for folder in Path(tempfile.gettempdir()).glob(f"{places.THROWAWAY_PREFIX}*"):
        lock = folder / LOCK
        if not lock.exists() or folder.stat().st_uid != os.geteuid():
            continue
        if time.time() - folder.stat().st_mtime < SETTLED_SECONDS:
            continue
        with files.lock(lock, wait=False) as held:
            if held is not None:
                shutil.rmtree(folder, ignore_errors=True)
