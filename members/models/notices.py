"""What the mall tells a member."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.models.fields import belongs_to


class Notice(models.Model):
    """One thing told to a member, once per key. Kind and facts are kept, the text is made when it is read."""

    member = belongs_to("members.Member", _("member"))
    kind = models.CharField(_("kind"), max_length=40)
    key = models.CharField(_("key"), max_length=120)
    params = models.JSONField(_("facts"), default=dict)
    created_at = models.DateTimeField(_("created at"))
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [models.UniqueConstraint(fields=["member", "key"], name="notice_once_per_key")]
        indexes = [
            models.Index(fields=["member", "-id"], name="notice_newest_first"),
            models.Index(fields=["member", "-id"], name="notice_unread", condition=Q(read_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"
