"""`manage.py reset_second_factor NAME`: for an only owner who lost telephone and recovery codes."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.kit.refusal import Refusal
from users.models import Operator
from users.services import second_factor


class Command(BaseCommand):
    """Says what was done."""

    help = "Forget an operator's lost second factor; the next log-in leads to the set-up of a new one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The user name."""
        parser.add_argument("username", help="the name that the operator logs in with")

    def handle(self, *args: Any, **options: Any) -> None:
        """Reset it."""
        operator = Operator.objects.filter(username=options["username"]).first()
        if operator is None:
            raise CommandError("Nobody logs in under this name.")
        try:
            second_factor.reset(operator.pk, by=None, actor="command line")
        except Refusal as refusal:
            raise CommandError(refusal.message) from None
        self.stdout.write(f"{operator.username}: the second factor is reset.")
