"""App configuration of points."""

from importlib import import_module

from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _


class PointsConfig(AppConfig):
    name = "points"
    verbose_name = _("Ledger")

    def ready(self) -> None:
        # Imports models, which must be loaded before.
        import_module("points.member_panels").register()
        register(import_module("points.checks").check_log_key, "points")
        import_module("points.services.expiry_notices").register()
