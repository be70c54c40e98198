"""What `manage.py check` says about WeChat's settings."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error

from wechat import guard


def check_credentials(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse real credentials next to another server than WeChat's, and a production without credentials."""
    problems: list[CheckMessage] = []
    if guard.would_leak_credentials():
        problems.append(
            Error(
                "Real WeChat credentials are set, but WECHAT_API_BASE is not WeChat's server.",
                hint=f"Remove WECHAT_API_BASE or set it to {guard.OFFICIAL_API_BASE}.",
                id="wechat.E001",
            )
        )
    if not (settings.DEMO_MODE or settings.DEBUG) and guard.lacks_credentials():
        problems.append(
            Error(
                "Nobody can log in: WECHAT_APP_ID or WECHAT_APP_SECRET is missing or is the stand-in's.",
                hint="Set both from the mini-program's console, or set DEMO_MODE=true.",
                id="wechat.E002",
            )
        )
    return problems
