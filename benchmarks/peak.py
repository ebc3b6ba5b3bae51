"""``python -m benchmarks.peak import FILE``, ``export``, ``audience`` or ``report``: one piece of work in a process of
its own; prints its peak memory in MB."""

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
    {"export": _export, "audience": _audience, "report": _report, "import": lambda: _import(Path(files[0]))}[
        what
    ]()
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


def _audience() -> None:
    """An audience of the newest segment, for a platform that takes addresses."""
    from segments.models import Segment
    from segments.services import audience_export

    audience_export.ask(Segment.objects.latest("pk"), platform="meta", channel="email", by=None)
    _work()


def _report() -> None:
    """The reports' tables as files, as an operator fetches them: retention, value by cohort, channels."""
    from django.test import Client
    from django.urls import reverse

    from config.kit import clock
    from users.models import Operator, Role

    told = {"role": Role.OWNER, "is_staff": True, "is_active": True, "factor_at": clock.now()}
    client = Client(headers={"Accept-Language": "en"}, SERVER_NAME="localhost")
    client.force_login(Operator.objects.update_or_create(username="bench", defaults=told)[0])
    for name in ("retention", "ltv", "channels"):
        answer = client.get(reverse(f"users:{name}"), {"csv": "1"})
        assert answer.status_code == 200, (name, answer.status_code)
        assert answer["Content-Type"].startswith("text/csv"), name
        for _part in answer:
            pass


def _work() -> None:
    from users.services import long_jobs

    while long_jobs.run_due(seconds=60):
        pass


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    main()
