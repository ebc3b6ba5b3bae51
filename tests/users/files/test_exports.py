"""Exports: whole, safe against formulas, only for who asked, gone after a day."""

import csv
import io
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from django.urls import reverse
from pytest_django.fixtures import Settings

from config.kit import clock
from config.kit.refusal import Refusal
from tests.operators import logged_in, operator
from tests.users.door import customer, identify, send, track
from tests.users.files.hands import checked, fates
from users.models import AuditEntry, Export, LongJob, Role
from users.services import bundles, long_jobs, tags
from users.services.enter_rate import set_rate
from users.services.exports import acts, files
from users.services.exports.kinds import export_kinds

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
EVIL = '=HYPERLINK("http://x")'


@pytest.fixture(autouse=True)
def places(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def mallory() -> None:
    at = clock.now() - timedelta(days=40)
    address = {"city": EVIL, "region": EVIL, "country": "DE"}
    yes = [{"channel": "email", "topic": "news", "granted": True, "wording": EVIL}]
    send(
        identify(
            at=at, user=EVIL, name=EVIL, address=address, occupation=EVIL, industry=EVIL, incomeBand=EVIL,
            education=EVIL, language="=1+1", platform=EVIL, sourceCode=EVIL, interests=[EVIL], shoe=EVIL,
            email="m@example.com", phone="+8613800138000", consents=yes,
        )
    )  # fmt: skip
    line = {"product_id": EVIL, "sku": EVIL, "name": EVIL, "category": EVIL, "price": 5}
    send(track("Order Completed", at=at, user=EVIL, order_id=EVIL, total=5, coupon=EVIL, products=[line]))
    tags.put_on(customer(EVIL), EVIL, by=operator(), now=clock.now())


def made(kind: str, form: str) -> Export:
    names = [column.name for column in export_kinds[kind].columns]
    export = acts.ask(kind, columns=names, form=form, by=operator(Role.ANALYST), now=clock.now())
    while long_jobs.run_due(seconds=30):
        pass
    export.refresh_from_db()
    return export


@pytest.mark.usefixtures("mallory")
@pytest.mark.parametrize("kind", ["customers", "orders", "consents", "tags"])
def test_no_cell_of_any_column_is_a_formula(kind: str) -> None:
    path = acts.fetch(made(kind, "csv"), by=operator(Role.ANALYST), now=clock.now())
    text = path.read_bytes().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == [column.name for column in export_kinds[kind].columns]
    assert len(rows) >= 2
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert any(cell == f"'{EVIL}" for cell in rows[1])
    book = openpyxl.load_workbook(acts.fetch(made(kind, "xlsx"), by=operator(), now=clock.now()))
    cells = [cell for row in book.worksheets[0].iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr", "n", "b"}
    assert all(cell.quotePrefix for cell in cells if cell.value == EVIL)
    assert any(cell.value == EVIL for cell in cells)


@pytest.mark.usefixtures("mallory")
def test_what_went_out_comes_in_again_unchanged() -> None:
    path = acts.fetch(made("tags", "csv"), by=operator(), now=clock.now())
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))
    file = checked("tags", rows[0][:4], *(row[:4] for row in rows[1:]), match_key="user_id")
    assert fates(file) == [(2, "unchanged", "")]


@pytest.mark.usefixtures("mallory")
def test_only_its_maker_and_an_owner_fetch_it_for_a_day() -> None:
    export = made("customers", "csv")
    url = reverse("users:export_file", args=[export.pk])
    response = logged_in(Role.ANALYST).get(url)
    assert bundles.delete_expired(clock.now()) == 0, "what the hourly cleaning looks for is elsewhere"
    assert (response.status_code, response["Content-Disposition"].startswith("attachment")) == (200, True)
    b"".join(response.streaming_content)  # type: ignore[attr-defined]  # a FileResponse
    assert logged_in(Role.OWNER).get(url).status_code == 200
    assert logged_in(Role.OPERATOR).get(url).status_code == 404
    assert logged_in(Role.SUPPORT).get(url).status_code == 403
    assert AuditEntry.objects.filter(act="export.fetch").count() == 2
    with pytest.raises(Refusal):
        acts.fetch(export, by=operator(), now=clock.now() + timedelta(hours=25))
    assert acts.remove_old(clock.now() + timedelta(hours=25)) == 1
    assert list((files.folder()).iterdir()) == []


@pytest.mark.usefixtures("mallory")
def test_what_a_dead_worker_wrote_beyond_its_last_step_is_written_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for user in ("u1", "u2", "u3"):
        send(identify(at=clock.now(), user=user, name=user))
    monkeypatch.setattr("users.services.exports.acts.CUSTOMERS", 2)
    export = acts.ask("customers", columns=["user_id"], form="csv", by=operator(), now=clock.now())
    job = LongJob.objects.get()
    claimed = long_jobs._claim()
    assert claimed is not None
    long_jobs._do_chunk(claimed)
    acts.export_chunk(LongJob.objects.get(pk=job.pk), clock.now())  # its progress is lost with the worker
    LongJob.objects.update(lease_until=None)
    while long_jobs.run_due(seconds=30):
        pass
    export.refresh_from_db()
    lines = acts.fetch(export, by=operator(), now=clock.now()).read_text("utf-8-sig").split()
    assert lines[-3:] == ["u1", "u2", "u3"]
    assert len([line for line in lines if line == "u2"]) == 1


def test_amounts_have_the_decimals_of_their_own_currency() -> None:
    at = clock.now() - timedelta(days=40)
    for currency, rate in (("JPY", "0.0065"), ("KWD", "3.25")):
        set_rate(currency=currency, first=at.date() - DAY, last=at.date() + DAY, rate=Decimal(rate), by=None)
    for currency, total in (("USD", "19.9"), ("JPY", 5000), ("KWD", "1.5")):
        line = {"product_id": "p", "price": total}
        told = {"order_id": currency, "total": total, "currency": currency, "products": [line]}
        send(track("Order Completed", at=at, user="u1", **told))
    path = acts.fetch(made("orders", "csv"), by=operator(Role.ANALYST), now=clock.now())
    rows = csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig")))
    found = {row["currency"]: (row["total"], row["price"], row["net"]) for row in rows}
    assert found == {
        "USD": ("19.90", "19.90", "19.90"), "JPY": ("5000", "5000", "32.50"), "KWD": ("1.500", "1.500", "4.88"),
    }  # fmt: skip
    book = openpyxl.load_workbook(acts.fetch(made("orders", "xlsx"), by=operator(), now=clock.now()))
    assert {cell.data_type for cell in book.worksheets[0]["I"][1:]} == {"n"}


def test_the_page_asks_for_it() -> None:
    client = logged_in(Role.ANALYST)
    url = f"{reverse('users:export_create')}?kind=orders"
    assert client.get(url).status_code == 200
    assert client.post(url, {"columns": ["order id", "total"], "form": "csv"}).status_code == 302
    assert Export.objects.get().options["columns"] == ["order id", "total"]
    assert client.post(url, {"columns": ["password"], "form": "csv"}).status_code == 200
    assert Export.objects.count() == 1
