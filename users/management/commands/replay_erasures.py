"""``manage.py replay_erasures``: the first thing to run on a restored dump; ``make run`` does it by itself."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from users.services.erase import replay
from users.services.going_out import settle_restored


class Command(BaseCommand):
    """Erases whoever the dump has brought back, by the file of erasures beside the data; then sending is stopped."""

    help = "Erase again everybody in erasures.jsonl whom a restored dump has brought back."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whether only a database that was restored is looked at."""
        parser.add_argument(
            "--if-restored", action="store_true", help="Do nothing on a database that is at home."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay; doing it twice changes nothing."""
        erased = settle_restored()
        if erased is not None:
            self.stdout.write(
                f"This database was restored from a dump. {erased} erased again. Nothing goes out until an owner "
                "lets messages go out again under Settings, Shop."
            )
        elif not options["if_restored"]:
            self.stdout.write(f"{replay()} erased again.")
