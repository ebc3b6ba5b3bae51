"""The privacy page and settings, and a shopper's own data over the API."""

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from config.kit import clock
from tests.callers import shopper
from tests.clock import move
from tests.operators import logged_in
from tests.users.door import customer, identify, send, track
from users.models import AuditEntry, DataExport, DeadLetter, Erasure, Role, ShopSetting
from users.services.long_jobs import run_due

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _alice(tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path
    settings.SINK_DIR = tmp_path / "sink"
    now = clock.now()
    send(
        identify(at=now, user="alice", name="Alice <b>", email="alice@example.com"),
        track("Order Completed", at=now, user="alice", order_id="A-1", total=19.9),
        identify(at=now, user="bob", name="Bob"),
    )


def page(user: str = "alice") -> str:
    return reverse("users:privacy", args=[customer(user).pk])


def unzipped(response: Any) -> dict[str, str]:
    bundle = zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))
    return {name: bundle.read(name).decode() for name in bundle.namelist()}


def made(client: Client) -> str:
    client.post(page())
    run_due()
    return f"{page()}?file={DataExport.objects.get().pk}"


def test_a_copy_holds_everything_in_both_languages_and_for_programs() -> None:
    client = logged_in(Role.SUPPORT)
    response = client.get(made(client))
    files = unzipped(response)
    assert "What Regulars Records holds about you" in files["en.html"]
    assert "Alice &lt;b&gt;" in files["en.html"]
    assert "$19.90" in files["en.html"]
    assert "alice@example.com" in files["zh-hans.html"]
    assert "订单" in files["zh-hans.html"]
    assert json.loads(files["data/users.Order.jsonl"])["total"] == 1990
    assert "bob" not in "".join(files.values()).lower()
    assert list(AuditEntry.objects.order_by("pk").values_list("act", flat=True)) == [
        "customer.export",
        "customer.download",
    ]


def test_a_copy_is_for_those_who_may_and_for_a_time() -> None:
    address = made(logged_in(Role.OWNER))
    assert logged_in(Role.ANALYST).get(address).status_code == 403
    owner = logged_in(Role.OWNER)
    assert owner.get(f"{page('bob')}?{address.partition('?')[2]}").status_code == 404
    assert owner.get(f"{page()}?file=nonsense").status_code == 404
    move(timedelta(days=8))
    assert owner.get(address).status_code == 404


def test_asking_twice_makes_one_copy() -> None:
    client = logged_in(Role.OWNER)
    client.post(page())
    client.post(page())
    assert DataExport.objects.count() == 1


def test_the_page_costs_few_queries(django_assert_max_num_queries: Any) -> None:
    client = logged_in(Role.OWNER)
    with django_assert_max_num_queries(12):
        shown = client.get(page()).content.decode()
    assert "emptied" in shown
    assert "Alice &lt;b&gt;" in shown


def test_erasing_asks_for_the_name() -> None:
    client = logged_in(Role.OPERATOR)
    client.post(page(), {"act": "erase", "typed": "alice"})
    run_due()
    assert not Erasure.objects.exists()
    who = page()
    client.post(who, {"act": "erase", "typed": "Alice <b>"})
    run_due()
    assert Erasure.objects.count() == 1
    assert client.get(who).status_code == 404
    assert client.post(who, {"act": "erase", "typed": "Alice <b>"}).status_code == 404
    _the_empty_place(Erasure.objects.get())


def _the_empty_place(erasure: Erasure) -> None:
    """Where the customer's page was, every role reads when it went, by whom, and what is left; bob is not erased."""
    for role in Role.values:
        shown = logged_in(role).get(reverse("users:customer", args=[erasure.pk]), follow=True)
        assert (shown.status_code, shown.redirect_chain) == (
            200,
            [(reverse("users:erased", args=[erasure.pk]), 302)],
        )
    html = shown.content.decode()
    assert [word for word in ("Alice", "alice@example.com", "A-1") if word in html] == []
    assert {str(row[0]): row[1] for row in shown.context["left"].rows}["Orders"] == 1
    assert {str(row[0]): row[1] for row in shown.context["went"].rows}["Events"] >= 1
    facts = {str(fact.title): fact.cell.value for fact in shown.context["facts"]}
    assert (facts["By"], facts["Keyed hashes kept"], facts["Turned away since"]) == (str(erasure.by), 2, 0)
    listed = logged_in().get(reverse("users:keeping")).content.decode()
    assert reverse("users:erased", args=[erasure.pk]) in listed
    assert logged_in().get(reverse("users:erased", args=[customer("bob").pk])).status_code == 404


def test_support_may_copy_but_not_erase() -> None:
    client = logged_in(Role.SUPPORT)
    client.post(page(), {"act": "erase", "typed": "Alice <b>"})
    run_due()
    assert not Erasure.objects.exists()


def test_a_shopper_gets_a_copy(settings: Any) -> None:
    phone = shopper(customer("alice"))
    assert phone.ask("me/export").status_code == 404
    asked = phone.tell("me/export", once="1")
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
    assert phone.ask("me/export/file").status_code == 404
    run_due()
    assert phone.ask("me/export").json()["state"] == "ready"
    assert "alice@example.com" in unzipped(phone.ask("me/export/file"))["en.html"]
    assert shopper(customer("bob")).ask("me/export/file").status_code == 404


def test_a_shopper_is_erased_after_a_second_look() -> None:
    phone = shopper(customer("alice"))
    look = phone.tell("me/erase", once="1").json()
    assert look["erasing"] is False
    assert {"title": "Orders", "rows": 1, "fate": "empty"} in look["held"]
    assert phone.tell("me/erase", {"confirm": "nonsense"}, once="2").status_code == 400
    others = shopper(customer("bob")).tell("me/erase", once="3").json()["confirm"]
    assert phone.tell("me/erase", {"confirm": others}, once="4").status_code == 400
    assert phone.tell("me/erase", {"confirm": look["confirm"]}, once="5").json()["erasing"] is True
    run_due()
    assert Erasure.objects.get().asked_by_customer
    assert phone.ask("me/export").status_code == 404
    assert phone.tell("me/erase", once="6").status_code == 404


def test_days_are_kept_and_a_look_ahead_changes_nothing() -> None:
    now = clock.now()
    DeadLetter.objects.create(
        received_at=now, parked_at=now - timedelta(days=40), confirmed=True, code="x", item="{}"
    )
    client = logged_in(Role.OWNER)
    address = reverse("users:keeping")
    told = {"visitors": 0, "events": 0, "letters": 30, "ips": 0, "mail": 0}
    form = client.get(address).context["form"]
    told = {**dict.fromkeys(form.fields, 0), **told}
    shown = client.post(address, {**told, "preview": "1"})
    rows = {str(row[0]): row[2] for row in shown.context["preview"].rows}
    assert (rows["Dead letters"], rows["Events"]) == ("1", "nothing")
    assert not ShopSetting.objects.filter(name="keep_letters_days").exists()
    client.post(address, told)
    assert ShopSetting.objects.get(name="keep_letters_days").value == 30
    assert client.post(address, {**told, "letters": -1}).status_code == 200
