"""What `manage.py check` says about the settings of the ledger's log."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error

from points.signed_note import BadKeyError, Signer


def check_log_key(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse a key that cannot sign, and a production without one: its entries would stay unsealed."""
    if not settings.LEDGER_LOG_KEY and (settings.DEMO_MODE or settings.DEBUG):
        return []
    try:
        Signer(name=settings.LEDGER_LOG_ORIGIN, seed=settings.LEDGER_LOG_KEY)
    except BadKeyError as error:
        return [
            Error(
                f"Entries cannot be sealed: {error}.",
                hint="Set LEDGER_LOG_KEY (openssl rand -base64 32) and LEDGER_LOG_ORIGIN (mall.example.com/ledger).",
                id="points.E001",
            )
        ]
    return []
