"""manage.py sync_staff_groups: make the staff groups' rights those of config/groups.py."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from config.groups import sync_groups


class Command(BaseCommand):
    """Safe to run again."""

    help = "Create the groups ops, finance, risk and support, and set their permissions."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            synced = sync_groups()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        self.stdout.write("Staff groups: " + ", ".join(f"{name} ({count})" for name, count in synced.items()) + ".")
