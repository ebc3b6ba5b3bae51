"""`manage.py api_key create --name NAME --scope write|server|orders:read,…`: makes an API key and prints it, once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.kit.refusal import Refusal
from users import scopes
from users.models import Scope
from users.services import api_keys

SCOPES = ", ".join(scopes.scopes.names())


class Command(BaseCommand):
    """Prints what was made, and the key alone on the last line."""

    help = "Make an API key; it is printed alone on the last line and cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`create` is the only act; revoking is done in the admin, where it is audited by name."""
        acts = parser.add_subparsers(dest="act", required=True)
        create = acts.add_parser("create", help="make a key")
        create.add_argument("--name", required=True, help="what it is for, as operators will read it")
        create.add_argument("--scope", required=True, help=f"write, server, or with commas: {SCOPES}")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the key."""
        told = str(options["scope"])
        plain = told in Scope.values
        may = () if plain else [name.strip() for name in told.split(",") if name.strip()] or [told]
        try:
            key, secret = api_keys.create(
                name=options["name"], scope=Scope(told) if plain else Scope.SERVER, may=may, by=None
            )
        except Refusal as refusal:
            raise CommandError(refusal.message) from None
        self.stdout.write(f"{key.name}: a key of scope {told}. Keep it; it is not shown again.")
        self.stdout.write(secret)
