"""manage.py load_programme NAME: create a trade's default tiers, policy and earn rules."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from growth.services import programme


class Command(BaseCommand):
    """Safe to run again: what exists is left as staff changed it."""

    help = "Create the default programme of a trade: tiers, ledger policy, earn rules."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", choices=programme.names())
        parser.add_argument("--reset", action="store_true", help="write the defaults over what staff changed")

    def handle(self, *args: Any, **options: Any) -> None:
        loaded = programme.load_programme(name=options["name"], reset=options["reset"])
        self.stdout.write(f"Programme {options['name']}: {loaded.tiers} tiers and {loaded.rules} rules created.")
