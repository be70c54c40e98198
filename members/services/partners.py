"""Keys with which other systems sign what they report."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.db import transaction

from members import signatures, vault
from members.models import Partner, PartnerKey

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class IssuedKey:
    """A new key. `secret` exists in clear here and nowhere else; it is shown once."""

    key_id: str
    secret: str = field(repr=False)


def load_partner(*, code: str, name: str) -> int:
    """Return the id of the partner with this code, made if need be; it calls nothing until a key is issued."""
    return Partner.objects.get_or_create(code=code, defaults={"name": name})[0].pk


def issue_partner_key(
    *,
    partner_code: str,
    partner_name: str = "",
    behaviours: Sequence[str] = (),
    may_report_history: bool = False,
    expires_at: datetime | None = None,
    at: datetime,
) -> IssuedKey:
    """Issue a key to the partner with this code, who is created if need be.

    `behaviours` are the codes the key may report, none meaning all; `may_report_history` lets it report events of any
    age; without `expires_at` it holds until revoked.
    """
    issued = IssuedKey(key_id=f"pk_{secrets.token_hex(12)}", secret=secrets.token_urlsafe(32))
    with transaction.atomic():
        partner_id = load_partner(code=partner_code, name=partner_name or partner_code)
        PartnerKey.objects.create(
            partner_id=partner_id,
            key_id=issued.key_id,
            secret_encrypted=vault.encrypt(issued.secret),
            behaviours=sorted(set(behaviours)),
            may_report_history=may_report_history,
            created_at=at,
            expires_at=expires_at,
        )
    log.info("partner_key_issued", key_id=issued.key_id, partner_id=partner_id)
    return issued


def revoke_partner_key(*, key_id: str, at: datetime) -> bool:
    """Refuse the key from now on; return False if it was not in use."""
    revoked = PartnerKey.objects.filter(key_id=key_id, revoked_at__isnull=True).update(revoked_at=at)
    log.info("partner_key_revoked", key_id=key_id, revoked=revoked)
    return revoked == 1


def signed_headers(*, key: IssuedKey, method: str, path: str, body: bytes, at: datetime) -> dict[str, str]:
    """Return the headers with which a key's holder signs a call made at `at`; `path` is as sent, with its query."""
    timestamp = str(int(at.timestamp()))
    signature = signatures.signature(secret=key.secret, timestamp=timestamp, method=method, path=path, body=body)
    return {"X-Mall-Key": key.key_id, "X-Mall-Timestamp": timestamp, "X-Mall-Signature": signature}
