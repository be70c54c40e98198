"""What the audit has seen."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Audit(models.Model):
    """One run of the audit over the whole ledger."""

    id = models.BigAutoField(primary_key=True)
    started_at = models.DateTimeField(_("started at"))
    finished_at = models.DateTimeField(_("finished at"))
    accounts = models.BigIntegerField(_("accounts checked"))
    entries = models.BigIntegerField(_("entries checked"))
    findings_total = models.BigIntegerField(_("findings"))

    class Meta:
        verbose_name = _("audit")
        verbose_name_plural = _("audits")

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M}"


class AuditFinding(models.Model):
    """Something off: which invariant, which member, what it should be and what it is."""

    id = models.BigAutoField(primary_key=True)
    audit = models.ForeignKey(Audit, on_delete=models.PROTECT, related_name="findings", verbose_name=_("audit"))
    invariant = models.CharField(_("invariant"), max_length=60)
    member_id = models.BigIntegerField(_("member id"), null=True)
    subject = models.CharField(_("subject"), max_length=60)
    expected = models.BigIntegerField(_("expected"), null=True)
    actual = models.BigIntegerField(_("actual"), null=True)

    class Meta:
        verbose_name = _("audit finding")
        verbose_name_plural = _("audit findings")

    def __str__(self) -> str:
        return f"{self.invariant} {self.subject}"
