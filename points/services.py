"""Use cases of the ledger itself: expiry and the audit's run. Movements are in points/ledger.py."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction

from core.business_time import business_day
from points import audit, ledger
from points.models import Audit, AuditFinding, LedgerPolicy

# Measured: chunks of 5,000 to 10,000 lots are as fast as larger ones, which hold their locks for seconds.
EXPIRE_CHUNK = 5_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Expired:
    """What one run of the expiry job booked."""

    lots: int
    points: int


def expire_due(*, at: datetime, chunk: int = EXPIRE_CHUNK) -> Expired:
    """Expire every lot whose last business day is over at `at`. Each chunk commits: killed, it goes on where it was."""
    lots_total = points_total = 0
    while True:
        with transaction.atomic():
            lots, points = ledger.expire_chunk(on=business_day(at), at=at, limit=chunk)
        if lots == 0:
            log.info("points_expired", lots=lots_total, points=points_total)
            return Expired(lots=lots_total, points=points_total)
        lots_total += lots
        points_total += points


def run_audit(*, at: datetime) -> Audit:
    """Check the whole ledger and keep the result, with up to audit.MAX_FINDINGS findings per invariant."""
    return keep_audit(result=audit.check(), started_at=at)


def keep_audit(*, result: audit.Result, started_at: datetime) -> Audit:
    """Keep an audit's result and its findings, and return the run."""
    with transaction.atomic():
        run = Audit.objects.create(
            started_at=started_at,
            finished_at=result.finished_at,
            accounts=result.accounts,
            entries=result.entries,
            findings_total=len(result.findings),
        )
        AuditFinding.objects.bulk_create(
            AuditFinding(
                audit=run,
                invariant=finding.invariant,
                member_id=finding.member_id,
                subject=finding.subject,
                expected=finding.expected,
                actual=finding.actual,
            )
            for finding in result.findings
        )
    if result.findings:
        log.error("audit_found_faults", findings=len(result.findings))
    return run


def load_policy(*, policy: Mapping[str, Any], reset: bool) -> None:
    """Create the ledger's policy row; overwrite what staff changed only when `reset`."""
    row = LedgerPolicy.objects.filter(pk=1).first()
    if row is None or reset:
        row = row or LedgerPolicy()
        row.grace_days = policy["grace_days"]
        row.save()
