"""Files of the demo shop: customers and orders of an older shop, a list of tags, an export; all of it invented.

They go the way of an operator's files, through the services of import, export and tags.
"""

import csv
import io
import time
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from random import Random

import openpyxl
from django.utils.translation import gettext_lazy

from config.kit.given_names import give_in_demo
from users.demo import Progress
from users.groups import group_spec
from users.models import Customer, Export, Import, Operator, Tag, TagRun
from users.reports.figures import today_in_shop
from users.services import long_jobs, tag_acts
from users.services.demo.catalogue import CATEGORIES, records_of
from users.services.exports import acts as export_acts
from users.services.imports import acts

PATIENCE = 30.0
PEOPLE = 60
MEMBERS = 90
CUSTOMERS_FILE, ORDERS_FILE, TAGS_FILE = "old-shop-customers.csv", "old-shop-orders.csv", "record-club.csv"
ANSWERS_FILE = "old-shop-book.xlsx"
ANSWERED = 40
CLUB, COLLECTORS, CALLED = "Record club", "Collectors", "Called in spring"
give_in_demo(
    *(gettext_lazy("Record club"), gettext_lazy("Collectors"), gettext_lazy("Called in spring")),
    *(gettext_lazy("Campaigns"), gettext_lazy("Clubs")),
)
EXPORTED = ("user_id", "name", "city", "stage", "orders", "revenue", "tags")
NAMES = ("Ada Fictional", "Bo Invented", "Cai Imagined", "Dina Made-up", "虚构的林", "虚构的陈")
CITIES = ("Shanghai", "Hangzhou", "Suzhou", "Hong Kong")
Cells = Sequence[str]


def load_files(now: datetime, progress: Progress) -> None:
    """Four imports, one export, one tagging of a group; what is there already is left as it is."""
    by, today = Operator.objects.filter(username="operator").first(), today_in_shop(now)
    known = list(
        Customer.objects.filter(is_invented=True, identified=True, user_id__isnull=False)
        .order_by("pk")
        .values_list("user_id", flat=True)[: 3 * MEMBERS : 3]
    )
    brought = (
        ("customers", CUSTOMERS_FILE, _csv(_customers(today))),
        ("orders", ORDERS_FILE, _csv(_orders(today))),
        ("tags", TAGS_FILE, _csv(_members([user or "" for user in known]))),
        ("consents", ANSWERS_FILE, _workbook(_answers(today))),
    )
    for done, (kind, name, content) in enumerate(brought):
        progress(done, 6)
        _bring_in(kind, name, content, by=by, now=now)
        Customer.objects.filter(user_id__startswith="old-", is_invented=False).update(is_invented=True)
    club = Tag.objects.filter(name=CLUB).first()
    if club is None:
        return
    spec = group_spec("tag", tag=club.pk)
    if not TagRun.objects.exists():
        tag_acts.tag_group(CALLED, group=spec, is_on=True, by=by, now=now)
        Tag.objects.filter(name=CALLED, category="").update(category="Campaigns")
    progress(5, 6)
    if not Export.objects.exists():
        export_acts.ask("customers", columns=EXPORTED, form="xlsx", group=spec, by=by, now=now)
    work_until(lambda: not Export.objects.filter(ready_at=None).exists())


def _bring_in(kind: str, name: str, content: bytes, *, by: Operator | None, now: datetime) -> None:
    """Upload, check and start a file, or carry on with it where a load before this one was killed."""
    file = Import.objects.filter(kind=kind, file_name=name).first()
    if file is None:
        file = acts.upload(kind, io.BytesIO(content), name=name, size=len(content), by=by, now=now)
    steps = {
        Import.State.UPLOADED: lambda held: acts.check(
            held, mapping=held.mapping, match_key="user_id", options={}, by=by
        ),
        Import.State.CHECKED: lambda held: acts.start(held, by=by),
    }
    for _step in range(4):
        file.refresh_from_db()
        if file.state in steps:
            steps[Import.State(file.state)](file)
        work_until(lambda: _rests(name))


def work_until(is_done: Callable[[], bool]) -> None:
    """Wait for the workers; where none takes the long jobs, do them here."""
    until = time.monotonic() + PATIENCE
    while not is_done() and time.monotonic() < until:
        if not long_jobs.run_due(seconds=1.0):
            time.sleep(0.1)


def _rests(name: str) -> bool:
    return not Import.objects.filter(
        file_name=name,
        job__state__in=long_jobs.OPEN,
        state__in=(Import.State.RECEIVED, Import.State.CHECKING, Import.State.RUNNING),
    ).exists()


def _csv(rows: Sequence[Cells]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _workbook(rows: Sequence[Cells]) -> bytes:
    """A workbook as offices keep them: a cover, the table, another table that is not meant."""
    book = openpyxl.Workbook(write_only=True)
    book.create_sheet("Cover").append(["Answers on paper of the old shop, all of it invented"])
    sheet = book.create_sheet("Answers")
    for row in rows:
        sheet.append(row)
    shelves = book.create_sheet("Shelves")
    shelves.append(["shelf", "records"])
    for category in CATEGORIES:
        shelves.append([category, len(records_of(category))])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _customers(today: date) -> list[Cells]:
    """People of the shop before this one; some rows as people write them."""
    random = Random("the old shop")
    rows: list[Cells] = [("会员号", "姓名", "邮箱", "城市", "注册日期")]
    for number in range(1, PEOPLE + 1):
        joined = today - timedelta(days=random.randint(420, 520))
        mail = f"old{number}@example.com" if number % 3 else ""
        rows.append(
            (f"old-{number:03d}", random.choice(NAMES), mail, random.choice(CITIES), joined.isoformat())
        )
    rows.insert(9, ("old-004", "Bo Invented", "", "Shanghai", ""))
    rows.insert(17, ("old-901", "Cai Imagined", "no address", "Suzhou", ""))
    rows.insert(25, ("", "Dina Made-up", "dina@example.com", "", ""))
    rows.insert(33, ("old-902", "Ada Fictional", "", "", "2024-13-45"))
    return rows


def _orders(today: date) -> list[Cells]:
    """What they bought there: one or two orders each, more than a year ago."""
    random = Random("the old till")
    rows: list[Cells] = [("order id", "user_id", "date", "total", "status", "product id", "product", "category",
                          "price", "refund amount")]  # fmt: skip
    for number in range(1, PEOPLE + 1):
        for order in range(1 + number % 2):
            bought = today - timedelta(days=random.randint(380, 419))
            record = random.choice(records_of(random.choice(CATEGORIES))).properties()
            price = f"{float(record['price']):.2f}"
            given_back = price if number % 20 == 0 else ""
            rows.append((f"OLD-{number:03d}-{order + 1}", f"old-{number:03d}", bought.isoformat(), price, "paid",
                         str(record["product_id"]), str(record["name"]), str(record["category"]), price,
                         given_back))  # fmt: skip
    rows.append(("OLD-901-1", "old-003", today.isoformat(), "eighteen", "paid", "", "", "", "", ""))
    rows.append(("OLD-902-1", "old-005", "2099-01-01", "18.00", "paid", "", "", "", "", ""))
    return rows


def _answers(today: date) -> list[Cells]:
    """What people of the old shop ticked on paper; two rows that cannot be taken, and a yes beside a no."""
    random = Random("the old forms")
    rows: list[Cells] = [("user_id", "message channel", "topic", "granted", "given", "wording")]
    for number in range(1, ANSWERED + 1):
        given = today - timedelta(days=random.randint(420, 520))
        answer = "no" if number % 5 == 0 else "yes"
        rows.append((f"old-{number:03d}", "email", "news", answer, given.isoformat(), "old-shop-form-2"))
    later = (today - timedelta(days=400)).isoformat()
    rows.append(("old-005", "email", "news", "yes", later, "old-shop-form-2"))
    rows.append(("old-041", "email", "gossip", "yes", later, "old-shop-form-2"))
    rows.append(("old-042", "email", "news", "yes", "", "old-shop-form-2"))
    return rows


def _members(known: Sequence[str]) -> list[Cells]:
    """The record club's list of members, with two that nobody knows."""
    rows: list[Cells] = [("user_id", "tags", "category")]
    rows += [(user, f"{CLUB}; {COLLECTORS}" if n % 4 == 0 else CLUB, "Clubs") for n, user in enumerate(known)]
    rows += [("old-001", CLUB, "Clubs"), ("member-17", CLUB, "Clubs"), ("member-23", CLUB, "Clubs")]
    return rows
