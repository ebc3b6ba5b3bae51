"""The demo shop's files: brought in through the services, and the same when loaded twice."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from segments.demo_parts import KEPT_TAG, load_kept_tag, load_segments
from tests.clock import move_to
from tests.users.door import identify, send
from users.models import (
    Consent,
    Customer,
    CustomerTag,
    DataExport,
    Erasure,
    Export,
    Import,
    Order,
    Standing,
    Tag,
    TagRun,
)
from users.services.demo.files import CALLED, CLUB, PEOPLE, load_files
from users.services.demo.rights import load_rights

NOW = datetime(2026, 5, 25, 4, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_came_in_and_went_out(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    move_to(NOW)
    send(identify(at=NOW - timedelta(days=3), user="cd-1", name="Bo", invented=True))
    send(*(identify(at=NOW - timedelta(days=3), user=f"u{n}", name="Ada", invented=True) for n in range(29)))
    for _ in range(2):
        load_files(NOW, lambda done, total: None)
    files = Import.objects.order_by("pk").values_list("kind", "state", "counts")
    assert list(files) == [
        ("customers", "done", {"new": PEOPLE, "duplicate": 1, "refused": 3}),
        ("orders", "done", {"new": PEOPLE * 3 // 2, "refused": 2}),
        ("tags", "done", {"new": 11, "refused": 2}),
        ("consents", "done", {"new": 40, "refused": 3}),
    ]
    book = Import.objects.get(kind="consents")
    assert (book.sheet, book.sheets) == ("Answers", ["Cover", "Answers", "Shelves"])
    assert Consent.objects.filter(granted=False).count() == 8
    assert Order.objects.filter(is_history=True, refunded__gt=0).count() == 3
    old = Customer.objects.filter(user_id__startswith="old-")
    assert (old.count(), old.filter(is_invented=True).count()) == (PEOPLE, PEOPLE)
    assert Standing.objects.filter(customer__in=old, stage="churned").count() == PEOPLE
    export = Export.objects.get()
    assert (export.rows, export.ready_at is not None) == (11, True)
    assert TagRun.objects.get().customers == CustomerTag.objects.filter(tag__name=CALLED).count() == 11
    for _ in range(2):
        load_rights(NOW, lambda done, total: None)
    gone, copy = Erasure.objects.get(), DataExport.objects.get()
    assert (old.count(), Order.objects.filter(customer=gone.pk).count()) == (PEOPLE - 1, 1)
    assert (copy.customer.user_id, copy.ready_at is not None, (copy.size or 0) > 1000) == ("cd-1", True, True)
    assert dict(Tag.objects.values_list("name", "category")) == {
        CLUB: "Clubs", "Collectors": "Clubs", CALLED: "Campaigns",
    }  # fmt: skip


def test_a_segment_keeps_a_tag() -> None:
    for _ in range(2):
        load_segments(NOW, lambda done, total: None)
        load_kept_tag(NOW, lambda done, total: None)
    assert Tag.objects.get(name=KEPT_TAG).kept_by == "segment"
