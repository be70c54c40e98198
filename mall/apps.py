"""App configuration of mall."""

from importlib import import_module
from pathlib import Path

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MallConfig(AppConfig):
    name = "mall"
    verbose_name = _("Mall")

    def ready(self) -> None:
        # Imports models, which must be loaded before.
        import_module("mall.member_panels").register()
        audits = import_module("points.services.audits")
        audits.add_audit_queries(folder=Path(__file__).parent / "sql" / "audit")
