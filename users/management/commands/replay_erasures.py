"""``manage.py replay_erasures``: the first thing to run on a restored dump."""

from typing import Any

from django.core.management.base import BaseCommand

from users.services.erase import replay


class Command(BaseCommand):
    """Erases whoever the dump has brought back, by the file of erasures beside the data."""

    help = "Erase again everybody in erasures.jsonl whom a restored dump has brought back."

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay; doing it twice changes nothing."""
        self.stdout.write(f"{replay()} erased again.")
