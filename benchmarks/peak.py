"""``python -m benchmarks.peak import FILE`` or ``export``: one job in its own process; prints its peak memory in MB."""

import os
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from users.models import Import


def main() -> None:
    """Do the job on the database that DATABASE_URL names."""
    import django

    django.setup()
    what, *files = sys.argv[1:]
    if what == "import":
        _import(Path(files[0]))
    else:
        _export()
    sys.stdout.write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}\n")


def _import(path: Path) -> None:
    with path.open("rb") as told:
        import_orders(told, name=path.name, size=path.stat().st_size)


def import_orders(told: BinaryIO, *, name: str, size: int) -> "Import":
    """All that the software does with a file of orders: reading it, the dry run, the writing."""
    from config.kit import clock
    from users.services.imports import acts

    file = acts.upload("orders", told, name=name, size=size, by=None, now=clock.now())
    _work()
    file.refresh_from_db()
    acts.check(file, mapping=file.mapping, match_key="user_id", options={}, by=None)
    _work()
    acts.start(file, by=None)
    _work()
    file.refresh_from_db()
    return file


def _export() -> None:
    from config.kit import clock
    from users.services.exports import acts

    columns = ["user_id", "name", "city", "email", "orders", "revenue"]
    acts.ask("customers", columns=columns, form="csv", by=None, now=clock.now())
    _work()


def _work() -> None:
    from users.services import long_jobs

    while long_jobs.run_due(seconds=60):
        pass


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    main()
