"""The demo's staff: one user per group, and one who may do everything."""

from django.contrib.auth.models import Group, User
from django.db import transaction

from config.groups import GROUPS

SUPERUSER = "admin"


def load_staff(*, password: str) -> int:
    """Create the staff users that are missing, give all of them the password, and return how many were created."""
    return sum(_load_user(name, password=password) for name in (SUPERUSER, *GROUPS))


def _load_user(name: str, *, password: str) -> bool:
    with transaction.atomic():
        user, created = User.objects.get_or_create(
            username=name, defaults={"is_staff": True, "is_superuser": name == SUPERUSER}
        )
        # Only when it changed: a new hash would end the user's sessions.
        if not user.check_password(password):
            user.set_password(password)
            user.save(update_fields=["password"])
        user.groups.set(Group.objects.filter(name=name))
    return created
