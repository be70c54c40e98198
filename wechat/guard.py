"""Keeps real credentials and the stand-in apart."""

from django.conf import settings

from wechat.standin import credentials

OFFICIAL_API_BASE = "https://api.weixin.qq.com"


def api_base() -> str:
    """Return the base URL of WeChat's API without a slash at the end."""
    return settings.WECHAT_API_BASE.rstrip("/")


def would_leak_credentials() -> bool:
    """Tell whether a call would hand real credentials to somebody other than WeChat."""
    return credentials.is_real(settings.WECHAT_APP_SECRET) and api_base() != OFFICIAL_API_BASE


def lacks_credentials() -> bool:
    """Tell whether no real mini-program is configured."""
    return not settings.WECHAT_APP_ID or not credentials.is_real(settings.WECHAT_APP_SECRET)
