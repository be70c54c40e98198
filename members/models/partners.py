"""Other systems that report what members did."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from members.models.fields import belongs_to


class Partner(models.Model):
    """Another system that reports what members did: an order system, a CMS, the WeCom bridge."""

    code = models.CharField(_("code"), max_length=30)
    name = models.CharField(_("name"), max_length=60)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("partner")
        verbose_name_plural = _("partners")
        constraints = [models.UniqueConstraint(fields=["code"], name="partner_code_unique")]

    def __str__(self) -> str:
        return self.name


class PartnerKey(models.Model):
    """A key a partner signs its calls with. HMAC needs the secret in clear, so it is kept encrypted, not hashed."""

    partner = belongs_to("members.Partner", _("partner"), db_index=True)
    key_id = models.CharField(_("key"), max_length=32)
    secret_encrypted = models.TextField(_("encrypted secret"), editable=False)
    behaviours = models.JSONField(
        _("behaviours"), default=list, blank=True, help_text=_("Codes this key may report. Empty: all.")
    )
    may_report_history = models.BooleanField(
        _("may report history"), default=False, help_text=_("May report events older than 30 days.")
    )
    created_at = models.DateTimeField(_("created at"), db_default=Now())
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("partner key")
        verbose_name_plural = _("partner keys")
        constraints = [models.UniqueConstraint(fields=["key_id"], name="partner_key_id_unique")]

    def __str__(self) -> str:
        return self.key_id
