"""`manage.py demo_operators`: log-ins for the demo shop, when it has no operator yet."""

from typing import Any

from django.core.management.base import BaseCommand

from users.services.operators import DEMO_PASSWORD, demo_logins, make_demo_operators


class Command(BaseCommand):
    """Makes them once; prints those that can still be used, nothing in a shop that made its own."""

    help = "Create the demo operators (known passwords) when no operator exists, and print them."

    def handle(self, *args: Any, **options: Any) -> None:
        """One line per log-in."""
        make_demo_operators()
        for username, role in demo_logins():
            self.stdout.write(f"{username} / {DEMO_PASSWORD} ({role})")
