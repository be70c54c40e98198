"""`python -m bench.job_process job on chunk accounts`: one of the product's jobs in a process of its own, as the worker
runs it. Prints what it did as JSON; the peak memory is the process's own.
"""

import json
import logging
import os
import re
import sys
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
django.setup()

from django.db import transaction  # noqa: E402 - after Django is set up

from bench.bare_jobs import AWARD  # noqa: E402
from bench.movements import BREAKDOWN, POINTS  # noqa: E402
from core.business_time import SHANGHAI  # noqa: E402
from points.ledger import batches  # noqa: E402
from points.services import audits, expiry, release  # noqa: E402

AWARD_CHUNK = 10_000


def expire(*, at: datetime, chunk: int, accounts: int) -> tuple[int, int]:
    """Expire the lots that are due; return (rows, size of the chunks)."""
    chunk = chunk or expiry.CHUNK
    return expiry.expire_due(at=at, chunk=chunk).lots, chunk


def release_holds(*, at: datetime, chunk: int, accounts: int) -> tuple[int, int]:
    """Release what waits."""
    chunk = chunk or release.CHUNK
    return release.release_due(at=at, chunk=chunk), chunk


def award(*, at: datetime, chunk: int, accounts: int) -> tuple[int, int]:
    """Give every member the same points."""
    chunk = chunk or AWARD_CHUNK
    rows = 0
    for first in range(1, accounts + 1, chunk):
        with transaction.atomic():
            rows += len(
                batches.earn_many(
                    member_ids=range(first, min(first + chunk, accounts + 1)),
                    points=POINTS,
                    key=AWARD["key"],
                    counterparty=AWARD["counterparty"],
                    source=AWARD["source"],
                    title=AWARD["title"],
                    breakdown=BREAKDOWN,
                    expires_on=at.date() + timedelta(days=90),
                    at=at,
                )
            )
    return rows, chunk


def audit(*, at: datetime, chunk: int, accounts: int) -> tuple[int, int]:
    """Check every invariant. Raises RuntimeError for findings: then the benchmark's data are wrong."""
    run = audits.run_audit(at=at)
    if run.findings_total:
        raise RuntimeError(f"The audit found {run.findings_total} faults.")
    return run.entries, 0


JOBS: dict[str, Callable[..., tuple[int, int]]] = {
    "expire": expire,
    "release": release_holds,
    "award": award,
    "audit": audit,
}


def main(job: str, on: str, chunk: str, accounts: str) -> dict[str, Any]:
    """Run the job as on that business day and say what it did."""
    logging.disable(logging.WARNING)
    at = datetime.combine(date.fromisoformat(on), clock(12), tzinfo=SHANGHAI)
    started = time.perf_counter()
    rows, used = JOBS[job](at=at, chunk=int(chunk), accounts=int(accounts))
    return {"rows": rows, "chunk": used, "seconds": time.perf_counter() - started, "peak_kb": _peak_kb()}


def _peak_kb() -> int:
    # Not getrusage: that counts what the process was before it became this program.
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) if found else 0


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
