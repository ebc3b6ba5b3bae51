"""`manage.py demo_operators`: log-ins for the demo shop, when it has no operator yet."""

from typing import Any

from django.core.management.base import BaseCommand

from users.services.operators import DEMO_PASSWORD, make_demo_operators


class Command(BaseCommand):
    """Makes and prints them; says so when there was nothing to make."""

    help = "Create the demo operators (known passwords) when no operator exists."

    def handle(self, *args: Any, **options: Any) -> None:
        """One line per log-in."""
        made = make_demo_operators()
        if not made:
            self.stdout.write("There are operators already; none was made.")
        for operator in made:
            self.stdout.write(f"{operator.username} / {DEMO_PASSWORD} ({operator.role})")
