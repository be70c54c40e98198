"""manage.py load_demo: staff, members with a past, and a stocked mall, to look at and to try out."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.demo.data import demo
from config.demo.desk import load_desk
from config.demo.lives import World, load_members
from config.demo.nights import run_nights
from config.demo.past import close_days
from config.demo.shelf import load_shelf
from config.demo.staff import load_staff
from core.business_time import now
from members.services.partners import load_partner

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
        # Without a key: its secret would only end in a log. Staff issue one in admin, where it is shown once.
        partner_id = load_partner(**demo()["partner"])
        items, items_created = load_shelf(now=at)
        world = World(partner_id=partner_id, items=items, now=at)
        members = load_members(world=world)
        load_desk(world=world)
        if members:
            run_nights(until=at)
            close_days(by="finance", at=at)
        self.stdout.write(f"Demo: {staff} staff users, {members} members and {items_created} items created.")
