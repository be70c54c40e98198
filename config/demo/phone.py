"""What a phone does when a mini-program calls wx.login: here the WeChat stand-in is asked for a code."""

from urllib.parse import urlsplit

import requests
import structlog
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError

TIMEOUT_SECONDS = 5

log = structlog.get_logger(__name__)


class StandInUnavailable(DomainError):
    code = "standin_unavailable"
    status = 503
    message = _("Demo members log in through the WeChat stand-in, which does not answer.")


def login_code(*, openid: str) -> str:
    """Return a fresh login code for the openid. Raises StandInUnavailable."""
    if urlsplit(settings.WECHAT_API_BASE).hostname != "127.0.0.1":
        # The project speaks with the real WeChat, where nobody has the demo members' phones.
        raise StandInUnavailable
    try:
        with requests.Session() as http:
            # A proxy of the machine cannot reach our loopback.
            http.trust_env = False
            answer = http.post(
                f"{settings.WECHAT_API_BASE.rstrip('/')}/standin/codes",
                json={"openid": openid},
                timeout=TIMEOUT_SECONDS,
            )
        answer.raise_for_status()
        return str(answer.json()["code"])
    except (requests.RequestException, KeyError) as error:
        log.warning("standin_unavailable", problem=type(error).__name__)
        raise StandInUnavailable(retry_after=2) from error
