"""Imports: what the dry run says of each row is what then happens, and undoing puts back what was."""

from datetime import timedelta
from typing import Any

import pytest

from config.kit import clock
from config.kit.batches import fetch
from config.kit.refusal import Refusal
from tests.operators import operator
from tests.users.door import customer, identify, send, track, visit
from tests.users.files.hands import check, checked, csv_bytes, fates, finish, run, undo, upload
from users.models import (
    AuditEntry,
    Consent,
    ContactPoint,
    Customer,
    CustomerTag,
    DeadLetter,
    Event,
    Identity,
    Import,
    ImportRow,
    LongJob,
    Order,
    OrderLine,
    Outbox,
    Refund,
    Standing,
    Tag,
    Topic,
)
from users.services import long_jobs
from users.services.imports import acts

pytestmark = pytest.mark.django_db

TABLES = (
    "users_customer", "users_identity", "users_contactpoint", "users_consent", "users_customertag", "users_order",
    "users_orderline", "users_refund", "users_orderkey", "users_event", "users_customerday",
)  # fmt: skip


def everything() -> dict[str, Any]:
    """All rows about customers, apart from stages' history and queues."""
    now = {table: sorted(map(str, fetch(f"SELECT row.*::text FROM {table} row"))) for table in TABLES}
    columns = (
        "customer_id, stage, stage_at, first_activity_at, last_activity_at, active_days, orders, revenue"
    )
    now["standing"] = sorted(map(str, fetch(f"SELECT {columns} FROM users_standing")))
    return now


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
        mapping={"0": "user_id", "1": "name", "2": "email", "3": "birthday", "4": "attribute:Shoe size"},
    )
    expected = [
        (2, "changes", ""), (3, "unchanged", ""), (4, "new", ""), (5, "duplicate", "duplicate_of"),
        (6, "refused", "not_an_email"), (7, "refused", "missing"), (8, "refused", "not_a_date"), (9, "new", ""),
    ]  # fmt: skip
    assert fates(file) == expected
    assert file.counts == {"changes": 1, "unchanged": 1, "new": 2, "duplicate": 1, "refused": 3}
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


HEAD = (
    "order id",
    "user_id",
    "date",
    "total",
    "status",
    "product id",
    "product",
    "quantity",
    "price",
    "refund amount",
)


def test_orders_with_lines_refunds_and_cancellations() -> None:
    day = (clock.now() - timedelta(days=200)).date().isoformat()
    send(track("Order Completed", at=clock.now() - timedelta(days=60), user="u1", order_id="A1", total=10))
    file = checked(
        "orders",
        HEAD,
        ("B1", "u1", day, "30.00", "paid", "p1", "Kind of Blue", "1", "20", ""),
        ("B2", "u9", day, "¥1,234.50", "已付款", "p2", "Blue Train", "1", "1234.5", "234.50"),
        ("B1", "u1", day, "30.00", "paid", "p3", "Nevermind", "2", "5", ""),
        ("B3", "u1", day, "8", "cancelled", "", "", "", "", ""),
        ("B4", "u1", day, "8", "paid", "", "", "", "", "9"),
        ("A1", "u2", day, "8", "paid", "", "", "", "", ""),
        ("B5", "u1", day, "eight", "paid", "", "", "", "", ""),
        ("B2", "u9", day, "¥1,234.50", "已付款", "p2", "Blue Train", "1", "1234.5", "234.50"),
        ("B6", "u1", day, "5", "paid", "", "", "", "", ""),
        ("B6", "u2", day, "5", "paid", "", "", "", "", ""),
        ("B7", "u1", "2099-01-01", "5", "paid", "", "", "", "", ""),
    )
    expected = [
        (2, "new", ""), (3, "new", ""), (4, "new", "part_of"), (5, "new", ""), (6, "refused", "refund_over_total"),
        (7, "refused", "order_of_another"), (8, "refused", "not_an_amount"), (9, "duplicate", "duplicate_of"),
        (10, "refused", "rows_disagree"), (11, "refused", "rows_disagree"), (12, "refused", "in_future"),
    ]  # fmt: skip
    assert fates(file) == expected
    before = everything()
    run(file)
    assert fates(file) == expected
    assert Order.objects.get(number="B1").total == 3_000
    assert list(
        OrderLine.objects.filter(number="B1").order_by("line").values_list("product_id", "amount")
    ) == [
        ("p1", 2_000),
        ("p3", 1_000),
    ]
    second = Order.objects.get(number="B2")
    assert (second.customer.user_id, second.total, second.refunded, second.net, second.is_history) == (
        "u9", 123_450, 23_450, 100_000, True,
    )  # fmt: skip
    assert Refund.objects.get().refund_id == "B2-refund"
    assert (Order.objects.get(number="B3").counts, Order.objects.get(number="B1").counts) == (False, True)
    assert Standing.objects.get(customer=second.customer).stage == "churned"
    assert Standing.objects.get(customer=customer("u1")).revenue == 4_000
    assert not Outbox.objects.exists(), "history starts nothing"
    again = checked("orders", HEAD, ("B1", "u1", day, "30.00", "paid", "", "", "", "", ""))
    assert fates(again) == [(2, "unchanged", "")]
    undo(file)
    assert everything() == before


def test_undoing_orders_leaves_those_told_of_since() -> None:
    at = clock.now() - timedelta(days=100)
    send(track("Order Completed", at=at, user="u1", order_id="A1", total=10))
    before = everything()
    later = (clock.now() - timedelta(days=90)).isoformat()
    head = ("order id", "user_id", "date", "total")
    file = run(
        checked("orders", head, ("A1", "u1", later, "12"), ("A2", "u1", later, "7"), ("A3", "u5", later, "7"))
    )
    assert [row[1] for row in fates(file)] == ["changes", "new", "new"]
    send(track("Order Refunded", at=clock.now(), user="u5", order_id="A3", amount=1))
    undo(file)
    assert list(ImportRow.objects.filter(state="left").values_list("no", "left")) == [(4, "touched")]
    assert (Order.objects.get(number="A1").total, Order.objects.filter(number="A2").exists()) == (
        1_000,
        False,
    )
    assert Order.objects.get(number="A3").refunded == 100
    now = everything()
    ours = str(customer("u5").pk)
    assert [row for row in now["users_order"] if ours not in row] == before["users_order"]


@pytest.fixture
def news() -> Topic:
    return Topic.objects.get_or_create(slug="news", defaults={"name": "News"})[0]


CONSENT = ("user_id", "channel", "topic", "granted", "given at", "wording")


def answers(user: str) -> list[tuple[bool, bool]]:
    return list(
        Consent.objects.filter(customer=customer(user))
        .order_by("given_at")
        .values_list("granted", "is_current")
    )


def test_a_refusal_is_never_turned_into_a_grant(news: Topic) -> None:
    past = clock.now() - timedelta(days=50)
    said = [{"channel": "email", "topic": "news", "granted": False}]
    yes = [{"channel": "email", "topic": "news", "granted": True}]
    send(
        identify(at=past, user="no", email="no@example.com", consents=said),
        identify(at=past, user="yes", email="yes@example.com", consents=yes),
        identify(at=past, user="open", email="open@example.com"),
        identify(at=past, user="both", email="both@example.com"),
        identify(at=past, user="bare", email="bare@example.com"),
    )
    day = (clock.now() - timedelta(days=1)).isoformat()
    file = checked(
        "consents",
        CONSENT,
        ("no", "email", "news", "yes", day, "v1"),
        ("yes", "email", "news", "yes", day, "v1"),
        ("open", "email", "news", "是", day, "v1"),
        ("both", "email", "news", "yes", day, "v1"),
        ("both", "email", "news", "no", day, "v1"),
        ("bare", "email", "news", "yes", day, ""),
        ("yes", "短信", "news", "no", day, ""),
        ("stranger", "email", "news", "no", day, ""),
        ("open", "email", "nothing", "no", day, ""),
        ("open", "email", "news", "yes", day, "v1"),
        ("yes", "email", "news", "no", day, ""),
    )
    expected = [
        (2, "refused", "said_no"), (3, "unchanged", ""), (4, "new", ""), (5, "refused", "file_says_no"), (6, "new", ""),
        (7, "refused", "no_wording"), (8, "new", ""), (9, "refused", "no_such_customer"),
        (10, "refused", "no_such_topic"), (11, "duplicate", "duplicate_of"), (12, "changes", ""),
    ]  # fmt: skip
    # The yes of "yes" in row 3 stands against the no in row 12 of the same file.
    expected[1] = (3, "refused", "file_says_no")
    assert fates(file) == expected
    before = everything()
    run(file)
    assert fates(file) == expected
    assert answers("no") == [(False, True)]
    assert answers("open") == [(True, True)]
    one = Consent.objects.get(customer=customer("open"))
    assert (one.source, one.wording) == ("import", "v1")
    assert not Consent.objects.filter(customer=customer("both"), granted=True).exists()
    assert Consent.objects.get(customer=customer("yes"), channel="email", is_current=True).granted is False
    undo(file)
    assert everything() == before


def test_tags_in_one_cell_are_put_on_once(news: Topic) -> None:
    send(identify(at=clock.now(), user="u1", name="A"), identify(at=clock.now(), user="u2", name="B"))
    CustomerTag.objects.create(
        customer=customer("u1"), tag=Tag.objects.create(name="VIP"), tagged_at=clock.now(), source="hand"
    )
    before = everything()
    file = checked(
        "tags",
        ("会员号", "标签"),
        ("u1", "VIP；老客"),
        ("u2", "VIP"),
        ("u1", "老客"),
        ("u3", "VIP"),
        ("u1", "VIP"),
    )
    expected = [
        (2, "new", ""), (3, "new", ""), (4, "duplicate", "duplicate_of"), (5, "refused", "no_such_customer"),
        (6, "unchanged", ""),
    ]  # fmt: skip
    assert fates(file) == expected
    run(file)
    assert fates(file) == expected
    names = CustomerTag.objects.filter(customer=customer("u1")).values_list("tag__name", "source")
    assert set(names) == {("VIP", "hand"), ("老客", "import")}
    undo(file)
    assert everything() == before


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


def test_rows_of_one_order_far_apart_are_one_order(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("READ_ROWS", "JUDGE_ROWS", "WRITE_ROWS"):
        monkeypatch.setattr(f"users.services.imports.running.{name}", 2)
    rows = [(f"B{n % 3}", "u1", "2026-01-05", "30", "p", f"LP {n}") for n in range(9)]
    run(checked("orders", ("order id", "user_id", "date", "total", "product id", "product"), *rows))
    assert {order.number: order.total for order in Order.objects.all()} == {
        "B0": 3000,
        "B1": 3000,
        "B2": 3000,
    }
    assert OrderLine.objects.count() == 9
    assert Event.objects.filter(type__name="Order Completed").count() == 3


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
