"""Small files written whole or not at all, and locks that die with their holder."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def write_private(path: Path, content: str) -> None:
    """Replace a file in one step; only its owner may read it."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a file, or an empty one where there is no such file or no whole one."""
    try:
        content = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def empty_folder(path: Path) -> None:
    """Leave behind an empty folder that only its owner may enter."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(mode=0o700)


@contextmanager
def lock(path: Path, *, wait: bool) -> Iterator[int | None]:
    """Hold an exclusive lock and yield its descriptor; without `wait` yield None when another holds it.

    The kernel frees it when the last process with the descriptor is gone, however it went.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield None
        else:
            yield descriptor
    finally:
        os.close(descriptor)
