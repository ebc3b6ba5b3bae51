"""Imports: what the dry run says of each row is what then happens, and undoing puts back what was."""

from datetime import timedelta

import pytest

from config.kit import clock
from config.kit.refusal import Refusal
from tests.operators import operator
from tests.users.door import customer, identify, send, visit
from tests.users.files.hands import check, checked, csv_bytes, everything, fates, finish, run, undo, upload
from users.models import (
    AuditEntry,
    ContactPoint,
    Customer,
    DeadLetter,
    Identity,
    Import,
    ImportRow,
    LongJob,
    Standing,
)
from users.services import long_jobs
from users.services.imports import acts

pytestmark = pytest.mark.django_db


def test_customers_new_changed_unchanged_doubled_and_refused() -> None:
    send(identify(at=clock.now() - timedelta(days=9), user="u1", name="Alice", email="alice@example.com"))
    send(identify(at=clock.now() - timedelta(days=9), user="u2", name="Bob"))
    file = checked(
        "customers",
        ("User ID", "Name", "E-mail", "Birthday", "Shoe size"),
        ("u1", "Alicia", "alice@example.com", "1990-02-03", "38"),
        ("u2", "Bob", "", "", ""),
        ("u3", "Carol", "carol@example.com", "", ""),
        ("u3", "Caroline", "", "", ""),
        ("u4", "Dan", "no address", "", ""),
        ("", "Nobody", "", "", ""),
        ("u5", "Eve", "", "1990-13-45", ""),
        ("u6", "Frank", "alice@example.com", "", ""),
        ("u7", "Gus", "", (clock.now() + timedelta(days=2)).date().isoformat(), ""),
        mapping={"0": "user_id", "1": "name", "2": "email", "3": "birthday", "4": "attribute:Shoe size"},
    )
    expected = [
        (2, "changes", ""), (3, "unchanged", ""), (4, "new", ""), (5, "duplicate", "duplicate_of"),
        (6, "refused", "not_an_email"), (7, "refused", "missing"), (8, "refused", "not_a_date"), (9, "new", ""),
        (10, "refused", "no_birthday"),
    ]  # fmt: skip
    assert fates(file) == expected
    assert file.counts == {"changes": 1, "unchanged": 1, "new": 2, "duplicate": 1, "refused": 4}
    assert ImportRow.objects.get(no=2).detail["changes"] == [
        ["birthday", "", "1990-02-03"],
        ["name", "Alice", "Alicia"],
        ["Shoe size", "", "38"],
    ]
    assert ImportRow.objects.get(no=9).detail == {"shared": "email", "with": customer("u1").pk}
    assert Customer.objects.count() == 2, "the dry run writes nothing"
    run(file)
    assert fates(file) == expected
    assert (customer("u1").name, customer("u1").attributes) == ("Alicia", {"Shoe size": "38"})
    carol = customer("u3")
    assert (carol.name, carol.identified, Standing.objects.get(customer=carol).stage) == (
        "Carol",
        True,
        "prospect",
    )
    point = ContactPoint.objects.get(customer=carol)
    assert (point.address, point.confirmed, point.state) == ("carol@example.com", True, "unverified")
    assert Identity.objects.get(kind="email", value="alice@example.com").customer_id == customer("u1").pk
    assert ContactPoint.objects.filter(address="alice@example.com").count() == 2
    assert DeadLetter.objects.count() == 0
    assert list(AuditEntry.objects.order_by("pk").values_list("act", flat=True)) == [
        "import.upload", "import.check", "import.run",
    ]  # fmt: skip


@pytest.mark.parametrize("key", ["email", "phone", "openid"])
def test_customers_without_a_user_id_are_found_by_another_key(key: str) -> None:
    value = {"email": "alice@example.com", "phone": "+8613800138000", "openid": "oA1"}[key]
    again = {"email": " Alice@Example.com ", "phone": "138 0013 8000", "openid": "oA1"}[key]
    before = everything()
    first = run(checked("customers", (key, "name"), (value, "Alice")))
    alice = Customer.objects.get()
    assert (alice.user_id, alice.name, alice.identified) == (None, "Alice", True)
    assert set(Identity.objects.values_list("kind", flat=True)) == {"anonymous_id", key}
    second = checked("customers", (key, "name", "city"), (again, "Alice", "Berlin"))
    assert fates(second) == [(2, "changes", "")]
    run(second)
    assert Customer.objects.get().city == "Berlin"
    undo(second)
    assert Customer.objects.get().city == ""
    undo(first)
    assert everything() == before


def test_undo_restores_what_was_and_leaves_what_was_touched() -> None:
    past = clock.now() - timedelta(days=40)
    send(identify(at=past, user="u1", name="Alice", address={"city": "Paris"}), visit(at=past, user="u1"))
    send(identify(at=past, anonymous="a2", name="Bob", email="bob@example.com"))
    before = everything()
    file = run(
        checked(
            "customers",
            ("user_id", "name", "city", "phone", "interests"),
            ("u1", "Alicia", "Rome", "+8613800138000", "jazz;rock"),
            ("u7", "Grace", "", "", ""),
            ("u8", "Heidi", "", "", ""),
        )
    )
    undo(file)
    assert everything() == before
    assert (file.state, file.result) == ("undone", {"left": 0})

    file = run(
        checked(
            "customers",
            ("user_id", "name", "city"),
            ("u1", "Alicia", "Rome"),
            ("u7", "Grace", ""),
            ("u8", "Heidi", ""),
            now=clock.now() - timedelta(hours=1),
        )
    )
    send(identify(at=clock.now(), user="u1", address={"city": "Oslo"}), visit(at=clock.now(), user="u8"))
    undo(file)
    alice = customer("u1")
    assert (alice.name, alice.city) == ("Alice", "Oslo")
    assert not Customer.objects.filter(user_id="u7").exists()
    assert customer("u8").name == "Heidi"
    left = ImportRow.objects.filter(file=file, state="left").order_by("no").values_list("no", "left")
    assert (list(left), file.result) == ([(2, "touched"), (4, "touched")], {"left": 2})


def test_a_cancelled_import_can_be_carried_on_or_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("users.services.imports.running.WRITE_ROWS", 2)
    before = everything()
    file = checked("customers", ("user_id", "name"), *((f"u{n}", f"N{n}") for n in range(5)))
    job = acts.start(file, by=operator())
    claimed = long_jobs._claim()
    assert claimed is not None
    long_jobs._do_chunk(claimed)
    long_jobs.cancel(job.pk, by=operator())
    LongJob.objects.update(lease_until=None)
    finish(file)
    assert (file.state, LongJob.objects.get(pk=job.pk).state, Customer.objects.count()) == (
        "running",
        "cancelled",
        2,
    )
    acts.resume(file, by=operator())
    finish(file)
    assert (file.state, Customer.objects.count()) == ("done", 5)
    undo(file)
    assert everything() == before
    with pytest.raises(Refusal):
        acts.undo(file, by=operator())


def test_columns_are_remembered_by_kind_and_head() -> None:
    head = ("Kunde", "Vorname")
    first = upload("customers", csv_bytes(head, [("u1", "A")]))
    assert (first.mapping, first.match_key) == ({}, "")
    with pytest.raises(Refusal) as refused:
        check(first)
    assert refused.value.field == "match_key"
    check(first, mapping={"0": "user_id", "1": "firstName"}, match_key="user_id")
    second = upload("customers", csv_bytes(("kunde", "vorname"), [("u2", "B")]))
    assert (second.mapping, second.match_key) == ({"0": "user_id", "1": "firstName"}, "user_id")
    assert upload("tags", csv_bytes(head, [("u1", "A")])).mapping == {}


def test_ambiguous_dates_ask_for_their_order() -> None:
    head, rows = ("user_id", "birthday"), [("u1", "03/04/1990"), ("u2", "05/05/1991")]
    file = upload("customers", csv_bytes(head, rows))
    with pytest.raises(Refusal) as refused:
        check(file)
    assert refused.value.code == "ambiguous_date"
    run(check(file, day_order="dmy"))
    assert str(customer("u1").birthday) == "1990-04-03"
    run(checked("customers", head, ("u3", "03/04/1990"), ("u4", "03/25/1990")))
    assert str(customer("u3").birthday) == "1990-03-04"


def test_old_imports_lose_their_rows() -> None:
    file = run(checked("customers", ("user_id", "name"), ("u1", "A")))
    assert acts.remove_old(clock.now() + timedelta(days=29)) == 0
    assert acts.remove_old(clock.now() + timedelta(days=31)) == 1
    assert ImportRow.objects.count() == 0
    assert Import.objects.get().counts == {"new": 1}
    with pytest.raises(Refusal) as refused:
        acts.undo(file, by=operator())
    assert refused.value.code == "nothing_to_undo"
