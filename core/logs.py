"""Structured logs, one JSON object a line, with the request id and without personal data."""

import re
from typing import Any

import structlog

# Names under which personal data or secrets could reach a log line; their values are never written.
PRIVATE_NAMES = frozenset(
    {
        "access",
        "address",
        "authorization",
        "birthday",
        "cookie",
        "ip",
        "js_code",
        "nickname",
        "openid",
        "password",
        "phone",
        "recipient",
        "refresh",
        "secret",
        "session_key",
        "signature",
        "token",
        "unionid",
        "user_agent",
    }
)
QUOTED_VALUES = re.compile(r"^(DETAIL:|CONTEXT:|LINE \d+:).*$", re.MULTILINE)


def hide_private(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Replace the values of private names; the last guard behind not logging them in the first place."""
    return {name: "[hidden]" if name in PRIVATE_NAMES else value for name, value in event.items()}


def hide_row_values(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Cut the values out of database errors: PostgreSQL quotes the row or the statement that it refused."""
    if "exception" in event:
        event["exception"] = QUOTED_VALUES.sub(r"\1 [hidden]", event["exception"])
    return event


SHARED_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    hide_private,
    structlog.processors.format_exc_info,
    hide_row_values,
]


def configure() -> None:
    """Set up structlog; the standard library's loggers follow through `logging_settings`."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED_PROCESSORS,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def logging_settings(*, level: str) -> dict[str, Any]:
    """Return Django's LOGGING: everything through one JSON handler on standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processor": structlog.processors.JSONRenderer(ensure_ascii=False),
                "foreign_pre_chain": SHARED_PROCESSORS,
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": ["stderr"], "level": level, "propagate": False},
            # The request middleware writes its own lines with status and duration.
            "django.server": {"handlers": [], "propagate": False},
            "django.request": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
        },
    }
