"""App configuration of members."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MembersConfig(AppConfig):
    name = "members"
    verbose_name = _("Members")

    def ready(self) -> None:
        # Tells drf-spectacular about our two authentication classes; nothing else would load it.
        import_module("members.schema")
