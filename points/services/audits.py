"""The audit's run, and its result kept."""

from datetime import datetime
from pathlib import Path

import structlog
from django.db import transaction

from points import audit
from points.models import Audit, AuditFinding

log = structlog.get_logger(__name__)


def add_audit_queries(*, folder: Path) -> None:
    """Let the audit check what an app above holds against the ledger: each SQL file of the folder is an invariant."""
    audit.add_queries(folder)


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
