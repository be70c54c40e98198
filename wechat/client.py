"""HTTP to WeChat: one call in, the answer's JSON object or a DomainError out.

WeChat reports errors with HTTP status 200 and an `errcode`; its JSON may call itself text/plain.
"""

import json
import time
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import structlog
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from wechat import guard, redaction

log = structlog.get_logger(__name__)

SYSTEM_BUSY = -1
MINUTE_QUOTA_REACHED = 45011
# Waits before the second and the third attempt, in seconds. A member is looking at the screen meanwhile.
BUSY_PAUSES = (0.1, 0.3)
QUOTA_WINDOW_SECONDS = 60
ERRMSG_MAX_LENGTH = 200
POOL_SIZE = 16


class WechatUnavailable(DomainError):
    """WeChat is busy, did not answer in time, or answered something unusable."""

    code = "wechat_unavailable"
    status = 503
    message = _("WeChat does not answer at the moment. Please try again.")


class WechatRateLimited(DomainError):
    """WeChat's quota for this minute is used up."""

    code = "wechat_rate_limited"
    status = 429
    message = _("WeChat asks us to slow down. Please try again in a minute.")


class WechatMisconfigured(DomainError):
    """WeChat refuses us, or our settings forbid the call: a matter for staff, told by the log."""

    code = "wechat_error"
    status = 502
    message = _("WeChat refused the request. Please contact the shop.")


def fetch(*, path: str, params: Mapping[str, str], refusals: Mapping[int, type[DomainError]]) -> dict[str, Any]:
    """GET `path` from WeChat and return its JSON object.

    `refusals` names the error to raise for each errcode the call documents as the member's own.
    Raises them, WechatUnavailable, WechatRateLimited or WechatMisconfigured. Only "system busy" is tried
    again, twice: after any other failure WeChat may have taken the request, and codes work only once.
    """
    if guard.would_leak_credentials():
        log.error("wechat_call_refused", reason="real credentials, but WECHAT_API_BASE is not WeChat's server")
        raise WechatMisconfigured
    answer = _ask(path=path, params=params)
    for pause in BUSY_PAUSES:
        if answer.get("errcode") != SYSTEM_BUSY:
            break
        time.sleep(pause)
        answer = _ask(path=path, params=params)
    errcode = answer.get("errcode", 0)
    if errcode != 0:
        raise refusals[errcode] if errcode in refusals else _refusal(path=path, params=params, answer=answer)
    return answer


def _ask(*, path: str, params: Mapping[str, str]) -> dict[str, Any]:
    """Send one request. The error is raised outside of `except`: the library's own holds the URL with the secret."""
    answer, problem = _try_to_ask(path=path, params=params)
    if answer is None:
        log.warning("wechat_unavailable", path=path, problem=problem)
        raise WechatUnavailable
    return answer


def _try_to_ask(*, path: str, params: Mapping[str, str]) -> tuple[dict[str, Any] | None, str]:
    """Return the answer, or None and what went wrong in words that are safe to log."""
    base = guard.api_base()
    try:
        response = _session(base).get(
            base + path, params=params, timeout=settings.WECHAT_TIMEOUT, allow_redirects=False
        )
    except requests.RequestException as error:
        return None, type(error).__name__
    if response.status_code != HTTPStatus.OK:
        return None, f"HTTP status {response.status_code}"
    try:
        answer = json.loads(response.content)
    except (ValueError, RecursionError):
        return None, "not JSON"
    if not isinstance(answer, dict) or not isinstance(answer.get("errcode", 0), int):
        return None, "not an answer of WeChat"
    return answer, ""


def _refusal(*, path: str, params: Mapping[str, str], answer: Mapping[str, Any]) -> DomainError:
    """Return the error for an errcode that means the same in every call."""
    errcode = answer["errcode"]
    errmsg = _safe_errmsg(answer, params=params)
    if errcode == SYSTEM_BUSY:
        log.warning("wechat_busy", path=path, errmsg=errmsg)
        return WechatUnavailable()
    if errcode == MINUTE_QUOTA_REACHED:
        log.warning("wechat_rate_limited", path=path, errmsg=errmsg)
        return WechatRateLimited(retry_after=QUOTA_WINDOW_SECONDS)
    log.error("wechat_refused", path=path, errcode=errcode, errmsg=errmsg)
    return WechatMisconfigured()


def _safe_errmsg(answer: Mapping[str, Any], *, params: Mapping[str, str]) -> str:
    """Return WeChat's explanation without what we sent: nobody promises that it does not quote it."""
    errmsg = str(answer.get("errmsg", ""))
    for name in redaction.SECRET_PARAMETERS:
        if value := params.get(name):
            errmsg = errmsg.replace(value, redaction.HIDDEN)
    return errmsg[:ERRMSG_MAX_LENGTH]


@cache
def _session(base: str) -> requests.Session:
    """Return this process's connections to `base`, opened at the first call and kept."""
    session = requests.Session()
    session.mount(base, requests.adapters.HTTPAdapter(pool_connections=1, pool_maxsize=POOL_SIZE))
    # Calls speak for different members: nothing of one may travel with the next.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    # The machine's proxy is for the way to WeChat; it cannot reach a stand-in on loopback.
    session.trust_env = base == guard.OFFICIAL_API_BASE
    return session
