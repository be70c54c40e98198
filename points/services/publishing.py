"""Checkpoints leave the house: each is appended to a file that is copied to where the database's owner cannot write.

One JSON object a line, {"size": …, "note": …}, in the order of sizes. The table is the source: what a crash kept from
being appended, the next run appends.
"""

import fcntl
import json
import os
from pathlib import Path

import structlog
from django.conf import settings

from points.models import Checkpoint

# More than any line has.
LAST_BYTES = 8192

log = structlog.get_logger(__name__)


def publish_missing() -> int:
    """Append the checkpoints that are not in the file yet; return how many. A full disk delays, and stops nothing."""
    if not settings.LEDGER_LOG_PUBLISH_FILE:
        return 0
    path = Path(settings.LEDGER_LOG_PUBLISH_FILE)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            return _append_missing(descriptor)
        finally:
            os.close(descriptor)
    except OSError:
        log.exception("checkpoints_not_published")
        return 0


def line_of(checkpoint: Checkpoint) -> str:
    """Return the line of the file that publishes a checkpoint."""
    return json.dumps({"size": checkpoint.size, "note": checkpoint.note}, ensure_ascii=False) + "\n"


def _append_missing(descriptor: int) -> int:
    end, published = _last_whole_line(descriptor)
    newest = Checkpoint.objects.order_by("-size").values_list("size", flat=True).first() or 0
    if published > newest:
        # Nothing to repair from here: the file convicts whoever shortened the log.
        log.error("log_shorter_than_published", size=newest, published=published)
        return 0
    missing = [line_of(checkpoint) for checkpoint in Checkpoint.objects.filter(size__gt=published).order_by("size")]
    if missing:
        # A line that a crash tore is written again as a whole.
        os.ftruncate(descriptor, end)
        os.lseek(descriptor, end, os.SEEK_SET)
        _write_all(descriptor, "".join(missing).encode())
        os.fsync(descriptor)
    return len(missing)


def _last_whole_line(descriptor: int) -> tuple[int, int]:
    """Return where the last whole line ends, and the size its checkpoint has; (0, 0) in an empty file."""
    length = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, LAST_BYTES, max(0, length - LAST_BYTES))
    whole = tail[: tail.rfind(b"\n") + 1]
    if not whole:
        return 0, 0
    return length - len(tail) + len(whole), int(json.loads(whole.splitlines()[-1])["size"])


def _write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
