"""``manage.py load_demo``: fill an empty database with the demo shop."""

from typing import Any

from django.core.management.base import BaseCommand

from users.services.demo.load import load_demo


class Command(BaseCommand):
    help = "Loads the demo shop into an empty database; carries on where an earlier run was stopped."

    def handle(self, *args: Any, **options: Any) -> None:
        loaded = load_demo()
        self.stdout.write(
            "The demo shop is loaded." if loaded else "Nothing to load: this database is not empty."
        )
