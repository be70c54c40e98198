"""App configuration of points."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PointsConfig(AppConfig):
    name = "points"
    verbose_name = _("Ledger")

    def ready(self) -> None:
        from points import member_panels

        member_panels.register()
