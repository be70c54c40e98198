"""App configuration of mall."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MallConfig(AppConfig):
    name = "mall"
    verbose_name = _("Mall")

    def ready(self) -> None:
        # Imports models, which must be loaded before.
        import_module("mall.member_panels").register()
