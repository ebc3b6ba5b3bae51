"""Erasing: nothing of the person is found anywhere, and the money is what it was to the cent."""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.core.management import call_command
from django.db import connection, models
from django.db.models import Sum

from config.kit import clock
from config.kit.refusal import Refusal
from growth.models import Balance, Entry
from tests.clock import move_to
from tests.operators import operator
from tests.settling import apply_everything
from tests.users.door import customer, identify, send, track, visit
from users.models import (
    AuditEntry,
    Customer,
    DeadLetter,
    ErasedIdentity,
    Erasure,
    Event,
    IntakeBody,
    LongJob,
    Order,
    Outbox,
    Refund,
    Role,
    ShopSetting,
    Standing,
)
from users.privacy import Erase, Holding, holdings, in_order
from users.services import audit, bundles, erase, erased, joining
from users.services.long_jobs import run_due

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MARK = "zq7trace"


@pytest.fixture(autouse=True)
def _today(tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path
    settings.SINK_DIR = tmp_path / "sink"
    move_to(NOON)


def marked(name: str) -> str:
    return f"{MARK}-{name}"


def zoe() -> Customer:
    """Somebody whose every word carries the mark, with an order and a refund."""
    send(
        identify(at=NOON - 9 * DAY, user=marked("id"), name=marked("name"), email=f"{marked('mail')}@example.com",
                 shoeSize=marked("size"), firstName=marked("first"), city=marked("city")),
        track("Order Completed", at=NOON - 8 * DAY, user=marked("id"), order_id="77", total=50, coupon=marked("c"),
              products=[{"product_id": "p", "name": "Vase", "price": 50}]),
        track("Order Refunded", at=NOON - 7 * DAY, user=marked("id"), order_id="77", refund_id="r", amount=5),
        visit(at=NOON - DAY, user=marked("id")),
    )  # fmt: skip
    apply_everything()
    return customer(marked("id"))


def fill(whose: Customer) -> None:
    """A row with marks in every text of every table that has rows of a customer and none yet of this one."""
    for holding in in_order():
        model = holding.model
        if model in (Erasure, ErasedIdentity):
            continue  # these come with the erasure
        if holding.customer == "id" or model._default_manager.filter(**{holding.customer: whose.pk}).exists():
            mark_row(holding, whose)
            continue
        values = {f.attname: made_up(f, holding.keeps) for f in model._meta.concrete_fields if not is_auto(f)}
        values[attname(holding)] = whose.pk
        model._default_manager.bulk_create([model(**values)])


def attname(holding: Holding) -> str:
    fields = holding.model._meta.concrete_fields
    return str(next(field.attname for field in fields if field.name == holding.customer))


def mark_row(holding: Any, whose: Customer) -> None:
    """Marks in every text column of rows that are there, except those that an erasure keeps."""
    fields = holding.model._meta.concrete_fields
    keys = {part for part in getattr(holding.model._meta.pk, "field_names", ())}
    changed = {
        field.name: made_up(field, holding.keeps)
        for field in fields
        if isinstance(field, models.CharField | models.TextField | models.JSONField)
        and not field.primary_key and not field.unique and field.name not in keys
        and field.name not in holding.keeps and not field.choices
    }  # fmt: skip
    if changed:
        holding.model._default_manager.filter(**{holding.customer: whose.pk}).update(**changed)


def is_auto(field: models.Field) -> bool:
    return isinstance(field, models.AutoField) or not field.concrete


PLAIN = {
    models.UUIDField: "00000000-0000-4000-8000-000000000001",
    models.DateTimeField: NOON,
    models.DateField: NOON.date(),
    models.TimeField: NOON.time(),
    models.DurationField: DAY,
    models.GenericIPAddressField: "203.0.113.77",
    models.BooleanField: True,
}


def made_up(field: Any, keeps: tuple[str, ...]) -> Any:
    """A value for a column: texts that an erasure must reach carry the mark."""
    if field.choices:
        return field.choices[0][0]
    if isinstance(field, models.JSONField):
        return {} if field.name in keeps else {"said": marked(field.name)}
    if isinstance(field, models.CharField | models.TextField):
        text = f"kept-{field.name}" if field.name in keeps else marked(field.name)
        return text[: field.max_length] if field.max_length else text
    if isinstance(field, models.ForeignKey):
        return None if field.null else anything(field.related_model)
    return PLAIN.get(type(field), None if field.null else 0)


def anything(model: Any) -> Any:
    """Some row of a table that others point at, made where there is none."""
    found = model._default_manager.first()
    if found is None:
        names = tuple(f.name for f in model._meta.concrete_fields)
        values = {f.attname: made_up(f, names) for f in model._meta.concrete_fields if not is_auto(f)}
        found = model._default_manager.create(**values)
    return found.pk


def everything() -> str:
    """Every row of every table as COPY writes it, Redis, and every file under the data folder."""
    told = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            copied = io.StringIO()
            cursor.copy_expert(f'COPY "{table}" TO STDOUT', copied)
            told.append(f"== {table}\n{copied.getvalue()}")
    client = redis.Redis.from_url(settings.REDIS_URL)
    for key in client.scan_iter():
        told.append(repr((key, client.dump(key), client.get(key) if client.type(key) == b"string" else "")))
    for path in Path(settings.DATA_DIR).rglob("*"):
        if path.is_file():
            told.append(path.read_bytes().decode(errors="replace"))
    return "\n".join(told)


def found(mark: str) -> list[str]:
    return [line[:300] for line in everything().lower().splitlines() if mark in line]


def money() -> dict[str, Any]:
    return {
        "orders": Order.objects.aggregate(
            *map(Sum, ("total", "net", "refunded", "tax", "shipping", "discount"))
        ),
        "standings": Standing.objects.aggregate(Sum("revenue"), Sum("orders")),
        "entries": list(Entry.objects.values("account").annotate(Sum("amount")).order_by("account")),
        "balances": Balance.objects.aggregate(Sum("active"), Sum("pending"), Sum("debt")),
    }


def quoted_everywhere(whose: Customer, redis_client: redis.Redis) -> None:
    """The person in what waits, in answers, in the trail, in the cache, in the demo's mail."""
    send_waiting = {
        "user_id": whose.user_id,
        "name": "Product Viewed",
        "properties": {"q": marked("waiting")},
    }
    other = {"user_id": "bob", "name": "Product Viewed", "properties": {}}
    IntakeBody.objects.create(received_at=NOON, confirmed=True, items=json.dumps([send_waiting, other]))
    DeadLetter.objects.create(
        received_at=NOON, parked_at=NOON, confirmed=True, code="x", item=json.dumps({"userId": whose.user_id})
    )
    audit.record("customer.tag", by=None, target=whose, after={"tag": marked("tag")})
    LongJob.objects.create(kind="x", title=f"About {marked('mail')}@example.com", created_at=NOON)
    redis_client.set(f"cache:{marked('mail')}@example.com", "1")
    redis_client.set("cache:x", f"said {marked('id')}")
    mail = Path(settings.SINK_DIR) / "mail"
    mail.mkdir(parents=True)
    (mail / "1.eml").write_text(f"To: {marked('mail')}@example.com\n\nDear {marked('name')}")
    (mail / "2.eml").write_text("To: bob@example.com\n\nDear Bob")


def test_nothing_of_the_person_is_left_anywhere(redis_client: redis.Redis) -> None:
    person = zoe()
    fill(person)
    quoted_everywhere(person, redis_client)
    bundle = bundles.ask(person.pk, by=None, actor="x", now=NOON)
    run_due()
    assert bundles.opened(person.pk, bundle.pk, NOON).exists()
    before = money()
    assert len({line.split()[0] for line in found(MARK)}) > 10
    erase.erase(person.pk, by=operator(Role.OWNER), now=NOON)
    assert found(MARK) == []
    assert found("203.0.113.77") == []
    assert money() == before
    assert [path.name for path in (Path(settings.SINK_DIR) / "mail").iterdir()] == ["2.eml"]
    assert [json.loads(body.items) for body in IntakeBody.objects.all()] == [
        [{"user_id": "bob", "name": "Product Viewed", "properties": {}}]
    ]


def test_rows_are_deleted_emptied_or_kept_as_declared() -> None:
    person = zoe()
    fill(person)
    erase.erase(person.pk, by=None, now=NOON)
    for holding in holdings:
        left = holding.model._default_manager.filter(**{holding.customer: person.pk}).exists()
        assert left != (holding.erase is Erase.DELETE), holding.model
    person.refresh_from_db()
    assert (str(person), person.erased_at, person.identified) == ("Visitor", NOON, False)
    order = Order.objects.get(customer=person)
    assert (order.total, order.refunded, order.net, order.coupon) == (5000, 500, 4500, "")


def test_erasing_the_erased_is_refused() -> None:
    person = zoe()
    erase.erase(person.pk, by=None, now=NOON)
    with pytest.raises(Refusal) as refused:
        erase.erase(person.pk, by=None, now=NOON)
    assert refused.value.code == "already_erased"


def test_what_comes_later_is_turned_away_and_counted() -> None:
    person = zoe()
    erase.erase(person.pk, by=None, now=NOON)
    before = money()
    send(
        visit(at=NOON, user=marked("id")),
        identify(at=NOON, user="zoe-again", email=f"{marked('MAIL')}@example.com"),
        track("Order Refunded", at=NOON, user=marked("id"), order_id="77", refund_id="r2", amount=45),
        track("Order Refunded", at=NOON, user="bob", order_id="77", refund_id="r3", amount=45),
        visit(at=NOON, user="bob"),
    )
    assert Customer.objects.living().count() == 1
    assert Event.objects.filter(customer=person.pk).count() == 0
    assert DeadLetter.objects.count() == 0
    assert found(MARK) == []
    # The refund that fits is money given back; of the other, nothing was left to give back.
    assert Order.objects.values_list("refunded", "net", "counts").get() == (5000, 0, False)
    assert set(Refund.objects.values_list("refund_id", "amount", "net")) == {
        ("r", 500, 500),
        ("r2", 4500, 4500),
    }
    assert money() != before
    assert ErasedIdentity.objects.aggregate(Sum("refused")) == {"refused__sum": 3}


def test_a_refund_told_after_an_erasure_counts_once_whoever_it_names() -> None:
    person = zoe()
    erase.erase(person.pk, by=None, now=NOON)
    for _again in range(2):
        send(
            track("Order Refunded", at=NOON, user="bob", order_id="77", refund_id="r2", amount=5),
            visit(at=NOON, user="bob"),
        )
    assert Order.objects.values_list("refunded", "net", "counts").get() == (1000, 4000, True)
    assert Event.objects.filter(customer=person.pk).count() == 0
    assert not Event.objects.filter(properties__refund_id="r2").exists()
    assert Outbox.objects.filter(customer=person.pk).count() == 0
    assert Standing.objects.aggregate(Sum("revenue")) == {"revenue__sum": 4000}


def test_hashes_outlive_a_new_secret_key(settings: Any) -> None:
    person = zoe()
    erase.erase(person.pk, by=None, now=NOON)
    settings.SECRET_KEY = "another one" * 5
    send(visit(at=NOON, user=marked("id")))
    assert not Customer.objects.filter(user_id=marked("id")).exists()
    settings.ERASURE_KEY = "another one" * 5  # what the documents warn of
    send(visit(at=NOON, user=marked("id")))
    assert Customer.objects.filter(user_id=marked("id")).exists()


def test_who_was_erased_may_return_as_somebody_new_where_the_shop_says_so() -> None:
    person = zoe()
    erase.erase(person.pk, by=None, now=NOON)
    ShopSetting.objects.create(name="erased_may_return", value=1)
    send(visit(at=NOON, user=marked("id")))
    assert customer(marked("id")).pk != person.pk
    assert Order.objects.filter(customer=customer(marked("id"))).count() == 0


def test_a_device_of_the_erased_serves_somebody_we_know() -> None:
    send(visit(at=NOON, user="bob"))
    person = zoe()
    send(visit(at=NOON, user=marked("id"), anonymous="shared-device"))
    erase.erase(person.pk, by=None, now=NOON)
    send(visit(at=NOON, user="bob", anonymous="shared-device"))
    assert Event.objects.filter(customer=customer("bob"), message_id__startswith="m").count() == 2


def test_the_file_brings_erasures_back_into_a_restored_dump() -> None:
    person = zoe()
    hashes = {
        erased.digest(("user_id", marked("id"))),
        erased.digest(("email", f"{marked('mail')}@example.com")),
    }
    erased.remember(person.pk, hashes, NOON + DAY)  # erased after the dump was made
    out = io.StringIO()
    call_command("replay_erasures", stdout=out)
    assert "1" in out.getvalue()
    assert Erasure.objects.get().customer_id == person.pk
    assert found(MARK) == []
    call_command("replay_erasures", stdout=io.StringIO())
    assert Erasure.objects.count() == 1
    assert not Customer.objects.living().exists()


def test_an_erasure_stands_in_the_file_that_no_dump_undoes() -> None:
    person = zoe()
    erase.erase(person.pk, by=None, now=NOON)
    (line,) = erased.remembered()
    assert (line["customer"], line["at"]) == (person.pk, NOON.isoformat())
    assert {erased.digest(("user_id", marked("id")))} <= set(line["identities"])


def test_a_replay_leaves_alone_who_came_back_as_somebody_new() -> None:
    person = zoe()
    erase.erase(person.pk, by=None, now=clock.now() - DAY)
    ShopSetting.objects.create(name="erased_may_return", value=1)
    send(visit(at=NOON, user=marked("id")))
    call_command("replay_erasures", stdout=io.StringIO())
    assert customer(marked("id")).erased_at is None


def test_a_line_cut_off_by_a_crash_does_not_stop_the_replay(tmp_path: Path) -> None:
    erased.remember(1, ["a" * 64], NOON)
    with (tmp_path / erased.FILE).open("a") as file:
        file.write('{"at": "2026-')
    assert [line["customer"] for line in erased.remembered()] == [1]


def test_an_operator_types_the_name_and_a_job_erases() -> None:
    person = zoe()
    owner = operator(Role.OWNER)
    with pytest.raises(Refusal):
        erase.ask_to_erase(person, typed="Zoe", by=owner)
    erase.ask_to_erase(person, typed=marked("name"), by=owner)
    run_due()
    assert Erasure.objects.get().by == owner
    assert AuditEntry.objects.filter(act="customer.erase", target_id=str(person.pk), target_name="").exists()


def test_a_joined_number_erases_the_survivor() -> None:
    send(visit(at=NOON, user="bob"))
    person, bob = zoe(), customer("bob")
    joining.join(person.pk, bob.pk, now=NOON, cause="hand")
    erase.erase(bob.pk, by=None, now=NOON)
    assert Erasure.objects.get().customer_id == person.pk


def test_what_ran_beside_is_emptied_again() -> None:
    person = zoe()
    erase.erase(person.pk, by=None, now=NOON)
    Order.objects.update(coupon=marked("late"))
    assert erase.erase_again(NOON + timedelta(minutes=10)) > 0
    assert found(MARK) == []


def test_a_namesake_and_numbers_that_look_alike_are_left_alone() -> None:
    send(
        identify(at=NOON - DAY, user="100234", name="Michael"),
        identify(at=NOON - DAY, user="7", name="Michael"),
    )
    kept = DeadLetter.objects.create(
        received_at=NOON, parked_at=NOON, confirmed=True, code="bad_amount",
        item=json.dumps({"user_id": "7", "traits": {"name": "Michael"}, "order_id": "91002345"}),
    )  # fmt: skip
    gone = DeadLetter.objects.create(
        received_at=NOON,
        parked_at=NOON,
        confirmed=True,
        code="bad_amount",
        item=json.dumps({"user_id": "100234"}),
    )
    erase.erase(customer("100234").pk, by=None, now=NOON)
    assert list(DeadLetter.objects.values_list("pk", flat=True)) == [kept.pk]
    assert gone.pk != kept.pk
    assert customer("7").name == "Michael"
