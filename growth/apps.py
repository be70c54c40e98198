"""App configuration of growth."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GrowthConfig(AppConfig):
    name = "growth"
    verbose_name = _("Earning")

    def ready(self) -> None:
        # Imports models, which must be loaded before.
        import_module("growth.member_panels").register()
