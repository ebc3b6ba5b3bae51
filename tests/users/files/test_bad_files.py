"""Files that are no table, or no good one: each is refused with its own sentence, and nothing is left behind."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from pytest_django.fixtures import Settings

from config.kit import clock
from config.kit.refusal import Refusal
from tests.operators import logged_in, operator
from tests.users.files.hands import csv_bytes
from users import cells
from users.models import Import, LongJob, Role
from users.services import long_jobs
from users.services.imports import acts, files, reading

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def place(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path / "imports"


def take(content: bytes) -> files.Table:
    return reading.take_in(io.BytesIO(content), len(content))


def zipped(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"a,b\n", "no_rows"),
        (b"\n\n1,2\n", "no_head"),
        (b"name,Name\n1,2\n", "doubled_head"),
        (",".join(f"c{n}" for n in range(101)).encode() + b"\n1\n", "too_many_columns"),
        (b"a,b\n1,\x002\n", "nul"),
        (b"a,b\n\xff\xff\xff,2\n", "bad_encoding"),
        (b'a,b\n"' + b"x" * 200_000 + b"\n", "bad_quotes"),
        (b"a,b\n" + b"x" * 10_001 + b",1\n", "cell_too_long"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 100, "old_excel"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 100, "no_table"),
        (b"%PDF-1.7 x", "no_table"),
        (zipped(readme=b"hello"), "no_table"),
        (b"PK\x03\x04 and no zip", "bad_workbook"),
        (zipped(xl__workbook_xml=b"<broken", _rels__nothing=b""), "bad_workbook"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, code: str, place: Path) -> None:
    with pytest.raises(Refusal) as refused:
        take(content)
    assert (refused.value.code, refused.value.field) == (code, "file")
    assert not list(place.glob("*")) if place.exists() else True


def test_a_file_over_the_limit_is_not_read() -> None:
    with pytest.raises(Refusal) as refused:
        reading.take_in(io.BytesIO(b"a"), 101 * 1024 * 1024)
    assert refused.value.code == "too_large"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters(encoding: str, delimiter: str) -> None:
    head, rows = ("会员号", "姓名", "备注"), [("u1", "王小明", "a,b;c|d\te"), ("u2", '张"三"', "两\n行")]
    table = take(csv_bytes(head, rows, encoding=encoding, delimiter=delimiter))
    assert (table.head, table.rows) == (list(head), 2)
    assert [tuple(record) for _offset, record in files.read_from(table.token, 0)][1:] == rows


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark(encoding: str) -> None:
    table = take(csv_bytes(("user_id", "name"), [("u1", "Wang 王"), ("u2", "Li")], encoding=encoding))
    rows = [record for _offset, record in files.read_from(table.token, 0)]
    assert (table.encoding, rows) == (encoding, [["user_id", "name"], ["u1", "Wang 王"], ["u2", "Li"]])


def test_files_put_one_behind_the_other_lose_the_marks_in_their_midst() -> None:
    parts = csv_bytes(("a", "b"), [("1", "2")], encoding="utf-8-sig")
    table = take(parts + csv_bytes(("3", "4"), [], encoding="utf-8-sig"))
    assert [record for _offset, record in files.read_from(table.token, 0)] == [
        ["a", "b"],
        ["1", "2"],
        ["3", "4"],
    ]


def test_reading_goes_on_behind_any_record() -> None:
    rows = [(str(n), "two\nlines", "x") for n in range(50)]
    table = take(csv_bytes(("a", "b", "c"), rows))
    whole = list(files.read_from(table.token, 0))
    for offset, _record in whole[::7]:
        rest = [record for _offset, record in files.read_from(table.token, offset)]
        assert rest == [record for at, record in whole if at > offset]


@pytest.mark.parametrize("name", ["../../etc/passwd", "..\\..\\boot.ini", "/etc/passwd", "a\0b\n.csv", ""])
def test_a_name_leads_nowhere(name: str) -> None:
    plain = files.clean_name(name)
    assert plain
    assert not set(plain) & set("/\\\0\n")
    assert files.path_of(take(b"a,b\n1,2\n").token).parent == files.folder()


@pytest.mark.parametrize(
    ("cell", "plain"),
    [
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("12,5", "12.5"),
        ("¥ 1,234", "1234"),
        ("USD 3", "3"),
        ("-2", "-2"),
    ],
)
def test_amounts(cell: str, plain: str) -> None:
    assert cells.amount(cell) == plain


@pytest.mark.parametrize(
    ("cell", "order", "day"),
    [
        ("2026-04-03", "", "2026-04-03"), ("2026/4/3", "", "2026-04-03"), ("2026年4月3日", "", "2026-04-03"),
        ("25/04/2026", "", "2026-04-25"), ("04/25/2026", "", "2026-04-25"), ("03/04/2026", "dmy", "2026-04-03"),
        ("03/04/2026", "mdy", "2026-03-04"), ("05/05/2026", "", "2026-05-05"), ("03/04/2026", "", "ambiguous_date"),
        ("31/02/2026", "", "not_a_date"), ("soon", "", "not_a_date"),
        ("45000", "", "excel_day"), ("45000.5", "", "excel_day"), ("1/2/26", "", "not_a_date"),
    ],
)  # fmt: skip
def test_days(cell: str, order: cells.DayOrder, day: str) -> None:
    try:
        found = cells.day(cell, order).isoformat()
    except cells.Unreadable as problem:
        found = problem.code
    assert found == day


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_a_file_is_read_in_steps_and_goes_on_where_a_worker_died(
    encoding: str, place: Path, django_capture_on_commit_callbacks: Any
) -> None:
    rows = [(f"u{n}", f"顾客 {n}", "two\nlines" if n % 7 == 0 else "𠮷,x") for n in range(9_000)]
    content = csv_bytes(("user_id", "name", "note"), rows, encoding=encoding)
    token = files.keep_raw(io.BytesIO(content), len(content))
    steps, state = 0, reading.Reading()
    while not state.is_done:
        before = state.as_parameters()
        reading.go_on(token, reading.Reading(**before), seconds=0)  # its transaction never came to its end
        state = reading.go_on(token, reading.Reading(**before), seconds=0)
        steps += 1
    with django_capture_on_commit_callbacks(execute=True):
        table = reading.finish(token, state)
    assert (table.rows, table.head, table.encoding) == (9_000, ["user_id", "name", "note"], encoding)
    assert steps > 8
    read = [tuple(record) for _offset, record in files.read_from(token, 0)]
    assert read[1:] == rows
    assert sorted(path.suffix for path in place.iterdir()) == [".csv"]


def test_a_last_step_that_did_not_get_on_record_is_read_again(
    place: Path, django_capture_on_commit_callbacks: Any
) -> None:
    """PostgreSQL stopped, or the worker was killed, after the file was read and before that was on record."""
    content = csv_bytes(("user_id", "name"), [("u1", "Ada")])
    made = acts.upload(
        "customers", io.BytesIO(content), name="a.csv", size=len(content), by=operator(), now=clock.now()
    )
    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        job = LongJob.objects.get(kind=acts.READ)
        while not (chunk := long_jobs.chunk_acts[job.kind](job, clock.now())).finished:
            job.parameters |= chunk.parameters
        raise KeyboardInterrupt
    with django_capture_on_commit_callbacks(execute=True):
        long_jobs.run_due()
    made.refresh_from_db()
    assert (made.state, made.rows) == ("uploaded", 1)
    assert [path.suffix for path in place.iterdir()] == [".csv"]


def test_what_is_no_table_is_said_at_once_or_by_the_job_in_the_readers_language() -> None:
    desk = logged_in(Role.OPERATOR)
    address = reverse("users:import_create")

    def send(content: bytes) -> Any:
        file = io.BytesIO(content)
        file.name = "list.csv"
        return desk.post(address, {"kind": "customers", "file": file})

    refused = send(b"\x89PNG\r\n\x1a\n" + b"x" * 100)
    assert "picture, PDF or archive" in str(refused.context["form"].errors)
    assert not Import.objects.exists()
    page = send(b"name,Name\n1,2\n")["Location"]
    file = Import.objects.get()
    while long_jobs.run_due(seconds=5):
        pass
    file.refresh_from_db()
    assert (file.state, file.result) == (
        "unreadable",
        {"problem": "doubled_head", "values": {"name": "Name"}},
    )
    assert "Two columns are called “Name”" in desk.get(page).content.decode()
    assert "有两列都叫“Name”" in logged_in(Role.OPERATOR, language="zh-hans").get(page).content.decode()
    assert list(files.folder().iterdir()) == []
    assert desk.post(page, {"act": "discard"}).status_code == 302
    assert not Import.objects.exists()


def test_a_file_removed_by_an_erasure_says_so(place: Path) -> None:
    content = csv_bytes(("user_id",), [("u1",)])
    file = acts.upload(
        "customers", io.BytesIO(content), name="l.csv", size=len(content), by=None, now=clock.now()
    )
    files.remove_all()
    while long_jobs.run_due(seconds=5):
        pass
    file.refresh_from_db()
    assert (file.state, file.result["problem"]) == ("unreadable", "gone")
