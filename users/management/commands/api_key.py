"""`manage.py api_key create --name NAME --scope write|server`: makes an API key and prints it, once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from users.models import Scope
from users.services import api_keys


class Command(BaseCommand):
    """Prints what was made, and the key alone on the last line."""

    help = "Make an API key; it is printed alone on the last line and cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`create` is the only act; revoking is done in the admin, where it is audited by name."""
        acts = parser.add_subparsers(dest="act", required=True)
        create = acts.add_parser("create", help="make a key")
        create.add_argument("--name", required=True, help="what it is for, as operators will read it")
        create.add_argument("--scope", required=True, choices=[scope.value for scope in Scope])

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the key."""
        key, secret = api_keys.create(name=options["name"], scope=Scope(options["scope"]), by=None)
        self.stdout.write(f"{key.name}: a key of scope {key.scope}. Keep it; it is not shown again.")
        self.stdout.write(secret)
