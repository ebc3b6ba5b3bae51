"""Reading a file takes no more memory when there are five times as many rows; exports hold some rows at a time."""

import io
import tracemalloc
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
FEW, MANY = 20_000, 50_000


@pytest.fixture(autouse=True)
def place(db: None, settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


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


def read(content: bytes) -> tuple[str, reading.Reading, int]:
    """Read a file to its end: under what name, what was learnt of it, and the most bytes held at once for that."""
    token = files.keep_raw(io.BytesIO(content), len(content))
    del content
    state = reading.Reading()
    tracemalloc.start()
    try:
        while not state.is_done:
            reading.go_on(token, state)
        return token, state, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("made", [text_file, workbook])
def test_reading_does_not_grow_with_the_file(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BLOCK", 64 * 1024)  # smaller than either file
    _token, _state, small = read(made(FEW))
    token, state, large = read(made(MANY))
    assert state.rows == MANY
    *_others, (_offset, last) = files.read_from(token, 0)
    assert last[:2] == [f"u{MANY - 1}", f"顾客 {MANY - 1}" + (f" {'x' * 20}" if made is workbook else "")]
    assert large <= 1.2 * small, f"{small} bytes, then {large}"


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
