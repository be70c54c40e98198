"""The door of this app: what others may ask of WeChat."""

from dataclasses import dataclass, field
from typing import Any, TypeGuard

import structlog
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from wechat import client

log = structlog.get_logger(__name__)

# Codes are 32 letters and digits today; what cannot be one is not worth a call out of our quota.
CODE_MAX_LENGTH = 256
# Ids are 28 signs today; what is no id is not stored as one.
ID_MAX_LENGTH = 64


class LoginCodeInvalid(DomainError):
    """The code is unknown, older than five minutes or used before: the mini-program calls wx.login again."""

    code = "login_code_invalid"
    status = 401
    message = _("The login code is not valid any more. Please log in again.")


class LoginBlocked(DomainError):
    """WeChat takes this user for a high risk and blocks the login."""

    code = "login_blocked"
    status = 403
    message = _("WeChat blocked this login.")


@dataclass(frozen=True)
class LoginIdentity:
    """Who logged in. Ids are personal data and stay out of its repr; WeChat's session key is not kept at all."""

    openid: str = field(repr=False)
    unionid: str | None = field(repr=False)


def exchange_login_code(*, code: str) -> LoginIdentity:
    """Trade a code from wx.login for the identity behind it (code2Session). A code works once, for five minutes.

    `unionid` is None unless the mini-program is bound to an Open Platform account.
    Raises LoginCodeInvalid, LoginBlocked, client.WechatUnavailable, client.WechatRateLimited or
    client.WechatMisconfigured. Takes up to WECHAT_TIMEOUT for each of at most three attempts; call it
    outside of transactions.
    """
    if not _could_be_a_code(code):
        raise LoginCodeInvalid
    answer = client.fetch(
        path="/sns/jscode2session",
        params={
            "appid": settings.WECHAT_APP_ID,
            "secret": settings.WECHAT_APP_SECRET,
            "js_code": code,
            "grant_type": "authorization_code",
        },
        refusals={40029: LoginCodeInvalid, 40163: LoginCodeInvalid, 40226: LoginBlocked},
    )
    openid, unionid = answer.get("openid"), answer.get("unionid")
    if not _is_an_id(openid):
        log.error("wechat_unavailable", path="/sns/jscode2session", problem="an answer without openid")
        raise client.WechatUnavailable
    return LoginIdentity(openid=openid, unionid=unionid if _is_an_id(unionid) else None)


def _is_an_id(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= ID_MAX_LENGTH and value.isascii() and value.isprintable()


def _could_be_a_code(code: str) -> bool:
    return 0 < len(code) <= CODE_MAX_LENGTH and code.isascii() and code.isprintable()
