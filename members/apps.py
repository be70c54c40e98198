"""App configuration of members."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MembersConfig(AppConfig):
    name = "members"
    verbose_name = _("Members")

    def ready(self) -> None:
        # Tells drf-spectacular about our two authentication classes; nothing else would import it.
        from members import schema  # noqa: F401, PLC0415
