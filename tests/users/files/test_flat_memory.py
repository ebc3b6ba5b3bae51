"""Reading a file takes no more memory when there are five times as many rows; exports hold some rows at a time."""

import io
import multiprocessing
import resource
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from config.kit import clock
from tests.operators import operator
from tests.users.door import customer, identify, send
from tests.users.files.hands import csv_bytes
from tests.users.files.test_workbooks import saved, with_part
from users.models import Export
from users.services import long_jobs
from users.services.exports import acts, kinds
from users.services.imports import files, reading

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
FEW, MANY = 20_000, 100_000


@pytest.fixture(autouse=True)
def place(db: None, settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


def text_file(rows: int) -> bytes:
    return csv_bytes(("user_id", "name", "note"), [(f"u{n}", f"顾客 {n}", "x" * 20) for n in range(rows)])


def workbook(rows: int) -> bytes:
    """A workbook in which every row has a text that no other row has, as Excel keeps them: in a table of their own."""
    texts = ["user_id", "name", "note", *(f"顾客 {n} {'x' * 20}" for n in range(rows))]
    table = "".join(f"<si><t>{text}</t></si>" for text in texts)
    lines = "".join(
        f'<row><c t="inlineStr"><is><t>u{n}</t></is></c><c t="s"><v>{n + 3}</v></c><c><v>{n}</v></c></row>'
        for n in range(rows)
    )
    head = '<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="s"><v>2</v></c></row>'
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{head}{lines}</sheetData></worksheet>'
    content = with_part(saved([["a"]]), "xl/worksheets/sheet1.xml", sheet)
    return with_part(content, "xl/sharedStrings.xml", f'<sst xmlns="{MAIN}">{table}</sst>')


def _read(token: str, told: Any) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    state = reading.Reading()
    while not state.is_done:
        reading.go_on(token, state)
    told.send((state.rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))


def read_apart(path: Path) -> tuple[files.Table, int]:
    """The table of a file read in a process of its own, and by how many KB that grew."""
    with path.open("rb") as file:
        token = files.keep_raw(file, path.stat().st_size)
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_read, args=(token, there))
    process.start()
    process.join()
    assert here.poll(), "it ended before it had read everything"
    rows, grown = here.recv()
    return files.Table(token, [], rows, ""), grown


@pytest.mark.parametrize("made", [text_file, workbook])
def test_reading_does_not_grow_with_the_file(made: Any, place: Path) -> None:
    few, many = place / "few", place / "many"
    few.write_bytes(made(FEW))
    many.write_bytes(made(MANY))
    _table, small = read_apart(few)
    table, large = read_apart(many)
    assert table.rows == MANY
    last: list[str] = []
    for _offset, record in files.read_from(table.token, 0):
        last = record
    assert last[:2] == [f"u{MANY - 1}", f"顾客 {MANY - 1}" + (f" {'x' * 20}" if made is workbook else "")]
    assert large <= max(1.2 * small, small + 4_096), f"{small} KB, then {large} KB"


def test_an_export_holds_some_rows_of_a_customer_with_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "ROWS", 3)
    at = clock.now()
    send(identify(at=at, user="u1"), *(identify(at=at, user=f"v{n}") for n in range(4)))
    found = kinds.export_kinds["customers"].rows(["user_id"], [customer(f"v{n}").pk for n in range(4)])
    assert [row[0] for row in found] == ["v0", "v1", "v2", "v3"]
    export = acts.ask("customers", columns=["user_id"], form="csv", by=operator(), now=at)
    while long_jobs.run_due(seconds=30):
        pass
    export = Export.objects.get(pk=export.pk)
    assert export.rows == 5
    assert acts.fetch(export, by=operator(), now=at).read_text("utf-8-sig").split()[1:] == [
        "u1",
        "v0",
        "v1",
        "v2",
        "v3",
    ]


def test_shared_texts_are_laid_out_in_steps() -> None:
    content = workbook(5_000)
    token = files.keep_raw(io.BytesIO(content), len(content))
    state = reading.Reading()
    while not state.is_done:
        before = state.as_parameters()
        reading.go_on(token, reading.Reading(**before), seconds=0)  # its transaction never came to its end
        state = reading.go_on(token, reading.Reading(**before), seconds=0)
    records = [record for _offset, record in files.read_from(token, 0)]
    assert records[1:] == [[f"u{n}", f"顾客 {n} {'x' * 20}", str(n)] for n in range(5_000)]
