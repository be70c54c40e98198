"""Members. What identifies a person stands in Member, Identity, Device and Address and can be removed;
what the books need (number, tier, growth value, logs) stays.
"""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.models.fields import belongs_to


class MemberStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    FROZEN = "frozen", _("Frozen")
    CLOSED = "closed", _("Closed")


# A frozen member must be looked at by a person before the account can be closed: closing frees the openid.
LEGAL_MOVES: dict[str, frozenset[str]] = {
    MemberStatus.ACTIVE: frozenset({MemberStatus.FROZEN, MemberStatus.CLOSED}),
    MemberStatus.FROZEN: frozenset({MemberStatus.ACTIVE}),
    MemberStatus.CLOSED: frozenset(),
}


class Member(models.Model):
    """Somebody who earns and spends. `no` is public and random, so that nobody can count or guess members by it."""

    no = models.CharField(_("member number"), max_length=10)
    nickname = models.CharField(_("nickname"), max_length=30, blank=True, default="")
    avatar_url = models.CharField(_("avatar"), max_length=500, blank=True, default="")
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    birthday_set_at = models.DateTimeField(_("birthday set at"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=MemberStatus, default=MemberStatus.ACTIVE)
    tier = belongs_to("members.Tier", _("tier"))
    tier_since = models.DateTimeField(_("tier since"))
    growth_value = models.BigIntegerField(_("growth value"), default=0)
    registered_at = models.DateTimeField(_("registered at"))
    invited_with = models.CharField(_("registered with invite code"), max_length=64, blank=True, default="")
    shared_with = models.CharField(_("registered with share token"), max_length=64, blank=True, default="")

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [
            models.UniqueConstraint(fields=["no"], name="member_no_unique"),
            models.CheckConstraint(name="member_no_ten_digits", condition=Q(no__regex=r"^[1-9][0-9]{9}$")),
            models.CheckConstraint(name="member_status_known", condition=Q(status__in=MemberStatus.values)),
            models.CheckConstraint(name="member_growth_not_negative", condition=Q(growth_value__gte=0)),
        ]
        indexes = [models.Index(fields=["registered_at"], name="member_registered_at")]
        permissions = [
            ("freeze_member", _("Can freeze and unfreeze members and end their sessions")),
            ("view_personal_data", _("Can see members' addresses, phone numbers and WeChat ids")),
        ]

    def __str__(self) -> str:
        return self.no


class IdentityKind(models.TextChoices):
    MINI_PROGRAM = "mini_program", _("Mini-program")
    SERVICE_ACCOUNT = "service_account", _("Service account")


class Identity(models.Model):
    """A member as one of WeChat's applications knows them. The unionid is the same in all of a company's."""

    member = belongs_to("members.Member", _("member"))
    kind = models.CharField(_("kind"), max_length=20, choices=IdentityKind)
    openid = models.CharField(_("openid"), max_length=64)
    unionid = models.CharField(_("unionid"), max_length=64, null=True, blank=True)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("identity")
        verbose_name_plural = _("identities")
        constraints = [
            # Looked up before the member is known, so it cannot start with the member.
            models.UniqueConstraint(fields=["kind", "openid"], name="identity_openid_unique_per_kind"),
            models.CheckConstraint(name="identity_kind_known", condition=Q(kind__in=IdentityKind.values)),
        ]
        indexes = [
            models.Index(fields=["unionid"], name="identity_unionid", condition=Q(unionid__isnull=False)),
            models.Index(fields=["member"], name="identity_of_member"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"


class Device(models.Model):
    """A phone or computer a member logged in from, by the id the client keeps."""

    member = belongs_to("members.Member", _("member"))
    device_id = models.CharField(_("device"), max_length=64)
    first_seen_at = models.DateTimeField(_("first seen"))
    last_seen_at = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        constraints = [
            models.UniqueConstraint(fields=["member", "device_id"], name="device_once_per_member"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class Session(models.Model):
    """One login. Access tokens name it, so ending it ends them at once; each refresh raises its generation."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    member = belongs_to("members.Member", _("member"))
    # Deleting a device must find its sessions, hence the index.
    device = belongs_to("members.Device", _("device"), null=True, blank=True, db_index=True)
    generation = models.PositiveIntegerField(_("generation"), default=1)
    shared_with = models.CharField(_("share token"), max_length=64, blank=True, default="")
    created_at = models.DateTimeField(_("created at"))
    expires_at = models.DateTimeField(_("expires at"))
    last_used_at = models.DateTimeField(_("last used at"))
    revoked_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    revoked_because = models.CharField(_("ended because"), max_length=30, blank=True, default="")

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        constraints = [
            models.CheckConstraint(
                name="session_end_has_a_reason",
                condition=Q(revoked_at__isnull=True, revoked_because="")
                | Q(revoked_at__isnull=False) & ~Q(revoked_because=""),
            ),
        ]
        indexes = [
            models.Index(fields=["member", "-created_at"], name="session_of_member"),
            models.Index(fields=["expires_at"], name="session_expires_at"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Address(models.Model):
    """Where goods are sent to. A deleted one stays until the account closes, so that staff can still ask about it."""

    member = belongs_to("members.Member", _("member"))
    recipient = models.CharField(_("recipient"), max_length=50)
    phone = models.CharField(_("phone"), max_length=20)
    region = models.CharField(_("region"), max_length=100)
    detail = models.CharField(_("address"), max_length=200)
    is_default = models.BooleanField(_("default"), default=False)
    created_at = models.DateTimeField(_("created at"))
    deleted_at = models.DateTimeField(_("deleted at"), null=True, blank=True)

    class Meta:
        verbose_name = _("address")
        verbose_name_plural = _("addresses")
        constraints = [
            models.UniqueConstraint(
                fields=["member"],
                name="address_one_default_per_member",
                condition=Q(is_default=True, deleted_at__isnull=True),
            ),
        ]
        indexes = [
            models.Index(fields=["member", "id"], name="address_of_member", condition=Q(deleted_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class StatusChange(models.Model):
    """Who froze, unfroze or closed a member, and why: one row per move, never edited."""

    member = belongs_to("members.Member", _("member"))
    old = models.CharField(_("from"), max_length=10, choices=MemberStatus)
    new = models.CharField(_("to"), max_length=10, choices=MemberStatus)
    because = models.CharField(_("reason"), max_length=200)
    by = models.CharField(_("by"), max_length=160, help_text=_("The member, or the name of a member of staff."))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("status change")
        verbose_name_plural = _("status changes")
        indexes = [models.Index(fields=["member", "-id"], name="status_change_of_member")]

    def __str__(self) -> str:
        return f"{self.get_old_display()} → {self.get_new_display()}"
