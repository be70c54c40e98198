"""WeChat's API takes secrets in the URL; this keeps them out of texts that people read."""

import logging
import re

SECRET_PARAMETERS = ("secret", "js_code", "access_token")
HIDDEN = "[hidden]"

_SECRET_IN_URL = re.compile(rf"\b({'|'.join(SECRET_PARAMETERS)})=[^&\s'\"]*")
# They write whole URLs, one at level DEBUG for every call.
_URL_LOGGERS = ("urllib3.connectionpool", "urllib3.util.retry")


def redact(text: str) -> str:
    """Return `text` with the values of secret URL parameters hidden."""
    return _SECRET_IN_URL.sub(rf"\1={HIDDEN}", text)


class RedactingFilter(logging.Filter):
    """Lets every record pass, without secrets."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace the record's text by its redacted form."""
        record.msg, record.args = redact(record.getMessage()), ()
        return True


def install() -> None:
    """Put the filter on the loggers that write URLs. Again changes nothing."""
    for name in _URL_LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(known, RedactingFilter) for known in logger.filters):
            logger.addFilter(RedactingFilter())
