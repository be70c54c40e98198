"""App configuration of growth."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GrowthConfig(AppConfig):
    name = "growth"
    verbose_name = _("Earning")

    def ready(self) -> None:
        from growth import member_panels

        member_panels.register()
