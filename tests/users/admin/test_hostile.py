"""Whatever stands behind the question mark: pages and groups answer with less than 500."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import transaction
from django.urls import reverse

from config.kit import clock
from config.kit.refusal import Refusal
from tests.operators import logged_in
from tests.users.admin.test_roles import ELSEWHERE, MATRIX, address
from users.admin import urls
from users.groups import kinds
from users.models import Customer

pytestmark = pytest.mark.django_db

BASE = Path(__file__).resolve().parents[3]
READ = re.compile(r"""(?:GET|asked|query)(?:\.get|\.getlist)?[(\[]\s*"([a-z_]+)\"""")
HUGE = "9" * 30
VALUES = (
    "\0", "-1", HUGE, "9223372036854775807", "2147483648", "0001-01-01", "9999-12-31", "2026-02-30", "x" * 3000,
    "2026-02-30T00:00:00+00:00", "9999-12-31T23:00:00-12:00", "9999-12", "0001-01", "²", "1e400", "nan", "%s",
    "'", "{}", "[]", "[1,2]", '{"a":1}', "\ud800", "revenue", "day", "", "0", "1",
)  # fmt: skip
# One of each nature for the pages, which are many.
FEW = ("\0", HUGE, "9999-12-31", "2026-02-30T00:00:00+00:00")


def names() -> list[str]:
    """Every parameter that a page or a group reads."""
    files = [*(BASE / "users" / "admin").glob("*.py"), *(BASE / "users" / "reports").glob("*.py")]
    files += [*(BASE / "users").glob("*.py"), *(BASE / "config" / "kit").glob("*.py")]
    return sorted({name for file in files for name in READ.findall(file.read_text())} - {"csv"})


def query(value: str) -> str:
    written = quote(value.encode("utf-8", "surrogatepass"))
    return "&".join(f"{name}={written}" for name in names())


def pages() -> Iterator[str]:
    """Every address that needs no object of its own, and those of objects that exist."""
    yield from (address(name) for name in MATRIX if name not in ("source_qr", "import", "import_columns"))
    yield from (reverse(f"users:{name}") for name in sorted(ELSEWHERE) if without_object(name))


def without_object(name: str) -> bool:
    (found,) = [pattern for pattern in urls.urlpatterns if pattern.name == name]
    return "<" not in str(found.pattern)


def test_parameters_that_make_no_sense() -> None:
    client = logged_in()
    assert len(names()) > 40
    failed = []
    shown = list(pages())
    assert len(shown) > 50
    for page in shown:
        for value in FEW:
            try:
                status = client.get(f"{page}?{query(value)}").status_code
            except Exception as problem:
                status = 599
                failed.append((page, value[:20], repr(problem)[:200]))
            if status == 500:
                failed.append((page, value[:20], "500"))
    assert failed == []


class Everywhere(dict[str, str]):
    """Says the same whatever is asked."""

    def __init__(self, value: str) -> None:
        super().__init__()
        self.value = value

    def __getitem__(self, name: str) -> str:
        return self.value

    def get(self, name: str, default: object = None) -> str:
        return self.value

    def __contains__(self, name: object) -> bool:
        return True


def test_groups_that_make_no_sense() -> None:
    failed = []
    for name in kinds.names():
        for value in VALUES:
            if "\0" in value or "\ud800" in value:
                continue  # taken out before, or never part of a query
            try:
                with transaction.atomic():
                    found = kinds[name](Everywhere(value), clock.now())
                    list(Customer.objects.filter(pk__in=found.customers)[:1])
            except (KeyError, ValueError, Refusal):
                continue
            except Exception as problem:
                failed.append((name, value[:20], repr(problem)[:200]))
    assert failed == []


def test_numbers_of_things_that_no_column_holds() -> None:
    client = logged_in()
    for pattern in urls.urlpatterns:
        route = str(pattern.pattern)
        if "<int" in route:
            page = "/admin/" + re.sub(r"<slug:\w+>|<path:\w+>", "x", re.sub(r"<int:\w+>", HUGE, route))
            assert client.get(page).status_code in (404, 302), page
