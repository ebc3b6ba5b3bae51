"""Excel workbooks: read in steps from any byte, as a person would have typed them, and refused with a sentence."""

import io
import random
import zipfile
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.urls import reverse
from openpyxl.utils.datetime import MAC_EPOCH
from pytest_django.fixtures import Settings

from config.kit.refusal import Refusal
from tests.clock import move_to
from tests.operators import logged_in, operator
from tests.users.files.hands import check, finish, upload
from tests.users.files.test_bad_files import take, zipped
from users.models import Import, ImportRow, Role
from users.services.imports import acts, files, reading, workbooks


@pytest.fixture(autouse=True)
def place(db: None, settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path / "imports"


def saved(*sheets: list[list[Any]], hidden: int = 0) -> bytes:
    """A workbook with sheets of rows, the first ``hidden`` of them hidden."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(f"Sheet {number}")
        for row in rows:
            sheet.append(row)
        if number < hidden:
            sheet.sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def records(table: files.Table) -> list[list[str]]:
    return [record for _offset, record in files.read_from(table.token, 0)]


def with_part(content: bytes, name: str, text: str) -> bytes:
    """The workbook with a part put into it, or in another's place."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(out, "w") as after:
        for entry in before.infolist():
            if entry.filename != name:
                after.writestr(entry, before.read(entry.filename))
        after.writestr(name, text)
    return out.getvalue()


def with_sheet(rows: str, *, before: str = "") -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return with_part(
        saved([["a"]]), "xl/worksheets/sheet1.xml",
        f'{before}<x:worksheet xmlns:x="{main}"><x:sheetData>{rows}</x:sheetData><x:mergeCells/></x:worksheet>',
    )  # fmt: skip


def typed(*cells: str) -> str:
    return "".join(f'<x:c t="inlineStr"><x:is><x:t>{cell}</x:t></x:is></x:c>' for cell in cells)


def test_cells_are_read_as_they_would_be_typed(place: Path, django_capture_on_commit_callbacks: Any) -> None:
    row = [
        7.0, 13800138000, 12.5, 0.1 + 0.2, True, datetime(2026, 4, 3), datetime(2026, 4, 3, 10, 30), date(2026, 4, 5),
        time(8, 15), " 王小明 ", "1,234.50", "'=1+1", None,
    ]  # fmt: skip
    with django_capture_on_commit_callbacks(execute=True):
        table = take(saved([[f"c{n}" for n in range(len(row))], row]))
    assert (table.encoding, table.rows) == ("Excel", 1)
    assert records(table)[1] == [
        "7", "13800138000", "12.5", "0.3", "yes", "2026-04-03", "2026-04-03 10:30:00", "2026-04-05", "08:15:00",
        " 王小明 ", "1,234.50", "=1+1",
    ]  # fmt: skip
    assert [path.suffix for path in place.iterdir()] == [".csv"]


def test_the_first_sheet_that_can_be_seen_is_read() -> None:
    book = saved([["secret"], ["x"]], [["user_id"], ["u1"]], [["other"], ["y"]], hidden=1)
    assert records(take(book)) == [["user_id"], ["u1"]]


def test_rows_keep_their_numbers_and_blank_ones_at_the_end_are_none() -> None:
    blank = '<x:c r="B4" t="str"><x:f>C1</x:f><x:v/></x:c>'
    rows = f'<x:row r="1">{typed("a", "b")}</x:row><x:row r="4">{typed("1")}{blank}</x:row>'
    table = take(with_sheet(rows + '<x:row r="5"/><x:row r="1048576"><x:c s="1"/></x:row>'))
    assert (table.rows, records(table)) == (3, [["a", "b"], [], [], ["1"]])


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ("", "no_head"),
        (f'<x:row r="2">{typed("a")}</x:row>', "no_head"),
        (f"<x:row>{typed('a')}</x:row>", "no_rows"),
        (f"<x:row>{typed(*'abcdefghij')}</x:row><x:row r='1048577'>{typed('1')}</x:row>", "bad_workbook"),
        (f"<x:row>{typed(*(f'c{n}' for n in range(101)))}</x:row>", "too_many_columns"),
        (f"<x:row>{typed('a')}</x:row><x:row>{typed('x' * 10_001)}</x:row>", "cell_too_long"),
        (f"<x:row>{typed('a')}</x:row><x:row><x:c t='s'><x:v>9</x:v></x:c></x:row>", "bad_workbook"),
        (f"<x:row>{typed('a')}</x:row><x:row><x:c><x:v>much</x:v></x:c></x:row>", "bad_workbook"),
        (f"<x:row>{typed('a')}</x:row><x:row b='{'x' * 3_000_000}'/>", "bad_workbook"),
        (
            f"<x:row>{typed('a')}</x:row><x:row><x:c r='A2'><x:f>1+1</x:f><x:v/></x:c></x:row>",
            "unreckoned",
        ),
        (f"<x:row>{typed('a')}", "bad_workbook"),
    ],
)
def test_what_is_no_table_is_refused(rows: str, code: str, place: Path) -> None:
    with pytest.raises(files.Unreadable) as refused:
        take(with_sheet(rows))
    assert refused.value.code == code
    assert str(refused.value)
    assert not list(place.glob("*"))


def test_entities_and_bombs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
    for content in (
        with_sheet(f"<x:row>{typed('&b;')}</x:row>", before=laughs),
        zipped(xl__workbook_xml=b"<x/>"),
    ):
        with pytest.raises(files.Unreadable) as refused:
            take(content)
        assert refused.value.code == "bad_workbook"
    monkeypatch.setattr(workbooks, "MOST_INFLATED", 1024 * 1024)
    with pytest.raises(files.Unreadable) as refused:
        take(zipped(xl__workbook_xml=b"<x/>", xl__bomb_xml=b"\0" * (1024 * 1024 + 1)))
    assert refused.value.code == "zip_bomb"


def test_what_stands_far_to_the_right_is_one_cell_too_many_and_no_more() -> None:
    rows = f"<x:row>{typed('a', 'b')}</x:row><x:row>{typed('1')}<x:c r='XFD2'><x:v>5</x:v></x:c></x:row>"
    assert [len(record) for record in records(take(with_sheet(rows)))] == [2, files.MOST_COLUMNS + 1]


def test_reading_goes_on_where_a_worker_died(place: Path, django_capture_on_commit_callbacks: Any) -> None:
    draw = random.Random(5)
    rows = [[f"u{n}", f"顾客 {n}", draw.choice(["<&>", "two\nlines", "𠮷"]), n / 4] for n in range(4_000)]
    content = saved([["user_id", "name", "note", "sum"], *rows])
    token = files.keep_raw(io.BytesIO(content), len(content))
    steps, state = 0, reading.Reading()
    while not state.is_done:
        before = state.as_parameters()
        reading.go_on(token, reading.Reading(**before), seconds=0)  # its transaction never came to its end
        state = reading.go_on(token, reading.Reading(**before), seconds=0)
        steps += 1
    with django_capture_on_commit_callbacks(execute=True):
        assert reading.finish(token, state).rows == 4_000
    assert steps > 8
    expected = [[user, name, note, f"{total:g}"] for user, name, note, total in rows]
    assert [record for _offset, record in files.read_from(token, 0)][1:] == expected
    assert [path.suffix for path in place.iterdir()] == [".csv"]


def test_a_cover_in_front_of_the_table_is_passed_over() -> None:
    cover, notes, table = [["How to read this"]], [[None]], [["user_id"], ["u1"]]
    file = upload("customers", saved(cover, notes, table, [["user_id"], ["u2"], ["u3"]]), name="book.xlsx")
    assert (file.sheet, file.rows, len(file.sheets)) == ("Sheet 2", 1, 4)
    with pytest.raises(files.Unreadable) as unread:
        upload("customers", saved(cover, notes), name="notes.xlsx")
    assert unread.value.code == "no_head"


def test_a_table_with_a_fault_is_not_passed_over() -> None:
    faulty = [["user_id"], ["x" * 10_001]]
    with pytest.raises(files.Unreadable) as unread:
        upload("customers", saved(faulty, [["user_id"], ["u1"]]), name="book.xlsx")
    assert unread.value.code == "cell_too_long"


def test_which_sheet_was_read_is_said_and_another_can_be_chosen(place: Path) -> None:
    move_to(datetime(2026, 5, 20, 4, 0, tzinfo=UTC))
    book = saved(
        [["secret"], ["x"]],
        [["user_id"], ["u1"]],
        [["user_id", "name"], ["u2", "Mei"]],
        [["a", "a"]],
        hidden=1,
    )
    file = upload("customers", book, name="book.xlsx")
    assert (file.sheet, file.sheets, file.rows) == ("Sheet 1", ["Sheet 1", "Sheet 2", "Sheet 3"], 1)
    with pytest.raises(Refusal) as refused:
        acts.choose_sheet(file, "Sheet 0", by=operator())
    assert refused.value.code == "unknown_sheet"
    client = logged_in(Role.OWNER)
    page = reverse("users:import_columns", args=[file.pk])
    assert "the workbook has 3" in client.get(page).content.decode()
    client.post(page, {"sheet": "Sheet 2"})
    assert (finish(file).sheet, file.head, file.mapping) == (
        "Sheet 2",
        ["user_id", "name"],
        {"0": "user_id", "1": "name"},
    )
    # One that is no table is said, and what was read before stands.
    acts.choose_sheet(file, "Sheet 3", by=operator())
    assert (finish(file).state, file.sheet, file.head) == (
        Import.State.UPLOADED,
        "Sheet 2",
        ["user_id", "name"],
    )
    assert "Sheet “Sheet 3” was not read. Two columns are called “a”." in client.get(page).content.decode()
    check(file)
    assert not list(place.iterdir())
    assert (
        "sheet “Sheet 2” (3 in all)" in client.get(reverse("users:import", args=[file.pk])).content.decode()
    )


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#SPILL!"])
def test_a_cell_with_an_error_refuses_its_row(error: str) -> None:
    move_to(datetime(2026, 5, 20, 4, 0, tzinfo=UTC))
    rows = f"<x:row>{typed('user_id', 'name', 'unused')}</x:row><x:row>{typed('u1', 'Mei')}</x:row>"
    rows += f"<x:row>{typed('u2')}<x:c t='e'><x:f>1/0</x:f><x:v>{error}</x:v></x:c></x:row>"
    rows += f"<x:row>{typed('u3', 'Lin')}<x:c t='e'><x:v>{error}</x:v></x:c></x:row>"
    file = check(upload("customers", with_sheet(rows)), mapping={"0": "user_id", "1": "name"})
    told = list(ImportRow.objects.filter(file=file).order_by("no").values_list("fate", "code", "field"))
    assert told == [("new", "", ""), ("refused", "error_cell", "name"), ("new", "", "")]


def test_merged_heads_second_heads_hidden_rows_and_the_calendar_of_1904() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (
        ["user_id", "seen", None],
        ["no.", "day", "hour"],
        ["u1", date(2026, 4, 3), 9],
        ["u2", date(2026, 4, 4), 8],
    ):
        sheet.append(row)
    sheet.merge_cells("B1:C1")
    sheet.row_dimensions[4].hidden = True
    sheet.column_dimensions["B"].hidden = True
    book.epoch = MAC_EPOCH
    out = io.BytesIO()
    book.save(out)
    assert records(take(out.getvalue())) == [
        ["user_id", "seen"], ["no.", "day", "hour"], ["u1", "2026-04-03", "9"], ["u2", "2026-04-04", "8"],
    ]  # fmt: skip
