"""Talks to WeChat: who logs in, and later messages and payments."""

from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _


class WechatConfig(AppConfig):
    """No tables: what WeChat says is kept by the apps that asked."""

    name = "wechat"
    verbose_name = _("WeChat")

    def ready(self) -> None:
        """Register the settings' checks and keep secrets out of the HTTP library's log."""
        from wechat import checks, redaction  # noqa: PLC0415 - Django allows neither before the apps are loaded

        register(checks.check_credentials, "wechat")
        redaction.install()
