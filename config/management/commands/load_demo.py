"""manage.py load_demo: staff, members with a past, and a stocked mall, to look at and to try out."""

import os
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.demo.data import demo
from config.demo.lives import World, load_members
from config.demo.shelf import load_shelf
from config.demo.staff import load_staff
from core.business_time import now
from members.selectors import partner_id_by_code
from members.services.partners import issue_partner_key

PASSWORD_VARIABLE = "DEMO_STAFF_PASSWORD"  # noqa: S105


class Command(BaseCommand):
    """Safe to run again: what exists stays as it is. Needs the programme and the staff groups."""

    help = "Create demo staff, members with months of history, and a stocked mall. Only in DEMO_MODE."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO_MODE:
            raise CommandError("This is no demo: DEMO_MODE is off. Demo logins do not belong on a real system.")
        password = os.environ.get(PASSWORD_VARIABLE)
        if not password:
            raise CommandError(f"{PASSWORD_VARIABLE} must hold the password of the demo staff.")
        at = now()
        staff = load_staff(password=password)
        partner_id = self._load_partner(at)
        items, items_created = load_shelf(now=at)
        members = load_members(world=World(partner_id=partner_id, items=items, now=at))
        self.stdout.write(f"Demo: {staff} staff users, {members} members and {items_created} items created.")

    def _load_partner(self, at: datetime) -> int:
        """Return the demo partner's id; a new one gets a key, whose secret is shown here and nowhere again."""
        partner = demo()["partner"]
        if (known := partner_id_by_code(code=partner["code"])) is not None:
            return known
        issued = issue_partner_key(partner_code=partner["code"], partner_name=partner["name"], at=at)
        self.stdout.write(f"Key of the demo partner: {issued.key_id}, secret {issued.secret}")
        return self._load_partner(at)
