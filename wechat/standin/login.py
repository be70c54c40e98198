"""code2Session: a phone's wx.login gives a code, the mall's server trades it for who is there.

Documented at https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session.html;
40163 is not in the list there but is what a code used twice gets in the field.
"""

import base64
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TypeGuard

from wechat.standin import credentials
from wechat.standin.clock import Clock
from wechat.standin.wire import Refused, Reply, Request, Routes

PATH = "/sns/jscode2session"
CODE_LIFETIME_SECONDS = 300
# How long a code is remembered at all; after that it is as unknown as any other text.
FORGET_AFTER_SECONDS = 3600
ID_MAX_LENGTH = 128


@dataclass
class _Code:
    openid: str
    unionid: str | None
    issued_at: float
    used: bool = False


class LoginDesk:
    """The codes that were given out, in memory, oldest first."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._codes: OrderedDict[str, _Code] = OrderedDict()
        self._lock = threading.Lock()

    def routes(self) -> Routes:
        """Return WeChat's call and, at the control door, what wx.login does on a phone."""
        return {("GET", PATH): self._code2session, ("POST", "/standin/codes"): self._issue}

    def _issue(self, request: Request) -> Reply:
        body = request.json(allowed={"openid", "unionid"})
        openid, unionid = body.get("openid"), body.get("unionid")
        if not _is_id(openid) or not (unionid is None or _is_id(unionid)):
            raise Refused(f"openid, and unionid where given, must be text of 1 to {ID_MAX_LENGTH} characters")
        code = secrets.token_hex(16)
        with self._lock:
            self._forget_old()
            self._codes[code] = _Code(openid=openid, unionid=unionid, issued_at=self._clock.now())
        return Reply.json({"code": code}, status=201)

    def _forget_old(self) -> None:
        horizon = self._clock.now() - FORGET_AFTER_SECONDS
        while self._codes and next(iter(self._codes.values())).issued_at < horizon:
            self._codes.popitem(last=False)

    def _code2session(self, request: Request) -> Reply:
        if refusal := _refuse_caller(request):
            return refusal
        with self._lock:
            code = self._codes.get(request.query["js_code"])
            if code is None or self._clock.now() - code.issued_at >= CODE_LIFETIME_SECONDS:
                return Reply.wechat_error(40029, "invalid code")
            if code.used:
                return Reply.wechat_error(40163, "code been used")
            code.used = True
        session_key = base64.b64encode(secrets.token_bytes(16)).decode()
        identity = {"openid": code.openid} | ({"unionid": code.unionid} if code.unionid else {})
        return Reply.wechat({"session_key": session_key} | identity)


def _is_id(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= ID_MAX_LENGTH


def _refuse_caller(request: Request) -> Reply | None:
    """Check all but the code, so that a wrong secret does not use the code up."""
    query = request.query
    for name, errcode, errmsg in (
        ("appid", 41002, "appid missing"),
        ("secret", 41004, "appsecret missing"),
        ("js_code", 41008, "missing code"),
    ):
        if not query.get(name):
            return Reply.wechat_error(errcode, errmsg)
    if query.get("grant_type") != "authorization_code":
        return Reply.wechat_error(40002, "invalid grant_type")
    if query["appid"] != credentials.APP_ID:
        return Reply.wechat_error(40013, "invalid appid")
    if query["secret"] != credentials.APP_SECRET:
        return Reply.wechat_error(40125, "invalid appsecret")
    return None
