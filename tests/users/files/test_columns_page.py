"""The wizard by its pages: a file goes up, its columns are named in the form, it is checked, started and undone."""

import io

import pytest
from django.test import Client
from django.urls import reverse

from tests.operators import logged_in
from tests.users.door import customer
from tests.users.files.hands import csv_bytes, finish
from users.models import Customer, Import, Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return logged_in(Role.OPERATOR)


def go_up(client: Client, *rows: tuple[str, ...]) -> Import:
    """Upload a file whose heads say nothing."""
    content = io.BytesIO(csv_bytes(("A", "B", "C", "D", "E"), rows))
    content.name = "list.csv"
    sent = client.post(reverse("users:import_create"), {"kind": "customers", "file": content})
    file = Import.objects.latest("pk")
    page = reverse("users:import", args=[file.pk])
    assert (sent["Location"], file.state, file.rows) == (page, Import.State.RECEIVED, 0)
    waiting = client.get(page)
    assert waiting.status_code == 200 and "being read" in waiting.content.decode()
    finish(file)
    part = client.get(page, headers={"HX-Request": "true", "HX-Target": "import"})
    assert part["HX-Refresh"] == "true"
    assert client.get(page)["Location"] == reverse("users:import_columns", args=[file.pk])
    return file


def test_from_the_file_to_its_undoing(client: Client) -> None:
    file = go_up(client, ("u1", "Ada", "03/04/1990", "38", "x"), ("", "Bo", "", "", ""))
    columns, page = reverse("users:import_columns", args=[file.pk]), reverse("users:import", args=[file.pk])
    named = {
        "column0": "user_id", "column1": "name", "column2": "birthday", "column3": "attribute:D", "column4": "",
        "match_key": "user_id", "day_order": "dmy",
    }  # fmt: skip
    assert client.get(columns).status_code == 200
    assert client.post(columns, named)["Location"] == page
    finish(file)
    assert file.mapping == {"0": "user_id", "1": "name", "2": "birthday", "3": "attribute:D"}
    shown = client.get(page).content.decode()
    assert "Nothing has been written yet" in shown
    assert "User ID: This is needed and the cell is empty." in shown
    rejected = b"".join(client.get(page, {"rejected": "1"}).streaming_content).decode()  # type: ignore[attr-defined]
    assert rejected.splitlines()[1:] == ["3,User ID: This is needed and the cell is empty.,,Bo,,,"]
    assert client.post(page, {"act": "start"}).status_code == 302
    finish(file)
    ada = customer("u1")
    assert (ada.name, str(ada.birthday), ada.attributes) == ("Ada", "1990-04-03", {"D": "38"})
    assert client.post(page, {"act": "undo"}).status_code == 302
    finish(file)
    assert (file.state, Customer.objects.exists()) == ("undone", False)
    assert client.get(columns)["Location"] == page, "who goes back is led on"
    assert client.post(columns, named)["Location"] == columns
    file.refresh_from_db()
    assert file.state == "undone"


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ({"column1": "name"}, "Choose by which column customers are recognised"),
        ({"column0": "user_id", "match_key": "email"}, "Choose by which column customers are recognised"),
        ({"column0": "user_id", "column1": "user_id", "match_key": "user_id"}, "Two columns cannot both be"),
        ({"column0": "user_id", "column1": "password", "match_key": "user_id"}, "what it holds"),
        (
            {"column0": "user_id", "column1": "attribute:" + "x" * 200, "match_key": "user_id"},
            "what it holds",
        ),
        ({"column0": "user_id", "column2": "birthday", "match_key": "user_id"}, "Say which comes first"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(
    client: Client, named: dict[str, str], sentence: str
) -> None:
    file = go_up(client, ("u1", "Ada", "03/04/1990", "38", "x"))
    shown = client.post(reverse("users:import_columns", args=[file.pk]), named)
    assert shown.status_code == 200
    text = shown.content.decode()
    assert sentence in text
    if "column0" in named:
        assert '<option value="user_id" selected>' in text
    file.refresh_from_db()
    assert (file.state, file.mapping) == ("uploaded", {})
