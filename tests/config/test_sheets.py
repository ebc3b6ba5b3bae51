"""CSV that no spreadsheet takes for formulas."""

from datetime import UTC, datetime

import pytest

from config.kit.sheets import csv_response, safe


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =cmd|'/c calc'!A0"]
)
def test_formulas_become_text(text: str) -> None:
    assert safe(text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (-5, -5),
        (1.5, 1.5),
        ("Ann", "Ann"),
        ("a=b", "a=b"),
        (datetime(2026, 5, 20, tzinfo=UTC), "2026-05-20T00:00:00+00:00"),
    ],
)
def test_plain_values_stay(value: object, cell: object) -> None:
    assert safe(value) == cell


def test_the_file_says_its_encoding_and_name() -> None:
    response = csv_response("customers", ["name", "orders"], [['Müller, "Max"', 2], ["=cmd", 0]])
    assert response["Content-Disposition"] == 'attachment; filename="customers.csv"'
    body = b"".join(response.streaming_content).decode()  # type: ignore[arg-type]
    assert body == '\ufeffname,orders\r\n"Müller, ""Max""",2\r\n\'=cmd,0\r\n'
