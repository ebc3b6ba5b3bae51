"""A list filled from a file: every row's fate, the three ways, undoing."""

import pytest
from django.urls import reverse

from config.kit import clock
from config.kit.refusal import Refusal
from segments.models import MembershipChange, Segment
from segments.services import lists
from segments.services.refresh import refresh
from tests.operators import logged_in, operator
from tests.segments.shop import customer, members, segment
from tests.users.files.hands import checked, fates, finish, run, undo
from users.models import Customer, Identity, IdentityKind, Import, ImportRow, OrderKey
from users.services import long_jobs
from users.services.imports import acts

pytestmark = pytest.mark.django_db(transaction=True)

HEAD = ("user id", "note")


@pytest.fixture
def guests() -> Segment:
    return lists.create_list(name="Guests", by=None)


def known(*names: str) -> list[Customer]:
    people = []
    for name in names:
        made = customer(user_id=name, identified=True)
        Identity.objects.create(kind=IdentityKind.USER_ID, value=name, customer=made, since=clock.now())
        people.append(made)
    return people


def into(how: str, *rows: tuple[str, ...], head: tuple[str, ...] = HEAD, **options: object) -> Import:
    return checked("list_members", head, *rows, defaults={"list": "Guests", "how": how}, **options)


def test_every_row_has_its_fate_and_nothing_is_written_before(guests: Segment) -> None:
    ann, bob = known("ann", "bob")
    lists.change(guests, [ann.pk], "add", by=None)
    file = into("add", ("ann", ""), ("bob", ""), ("nobody", ""), ("bob", "again"), ("", "no key"))
    assert fates(file) == [
        (2, "unchanged", ""), (3, "new", ""), (4, "refused", "no_such_customer"),
        (5, "duplicate", "duplicate_of"), (6, "refused", "missing"),
    ]  # fmt: skip
    assert members(guests) == {ann.pk}

    run(file)
    assert members(guests) == {ann.pk, bob.pk}
    assert set(MembershipChange.objects.values_list("cause", flat=True)) == {"list"}
    shown = logged_in().get(reverse("users:import", args=[file.pk]), {"rejected": "1"})
    text = b"".join(shown.streaming_content).decode()  # type: ignore[attr-defined]
    assert "No customer has this key." in text and "nobody" in text

    undo(file)
    assert members(guests) == {ann.pk}


def test_taking_off_and_putting_back(guests: Segment) -> None:
    ann, bob = known("ann", "bob")
    lists.change(guests, [ann.pk, bob.pk], "add", by=None)
    file = run(into("remove", ("ann", ""), ("ann", "")))
    assert (members(guests), fates(file)[0][1]) == ({bob.pk}, "changes")
    undo(file)
    assert members(guests) == {ann.pk, bob.pk}


def test_a_replacement_and_its_undoing(guests: Segment, monkeypatch: pytest.MonkeyPatch) -> None:
    from users.services.imports import running

    monkeypatch.setattr(running, "WRITE_ROWS", 2)
    ann, bob, cleo, dora, emil = known("ann", "bob", "cleo", "dora", "emil")
    lists.change(guests, [ann.pk, bob.pk, emil.pk], "add", by=None)
    file = run(into("replace", ("bob", ""), ("cleo", ""), ("dora", "")))
    assert members(guests) == {bob.pk, cleo.pk, dora.pk}
    lists.change(guests, [cleo.pk], "remove", by=operator())  # somebody has a say in between
    lists.change(guests, [cleo.pk], "add", by=operator())
    lists.change(guests, [emil.pk], "add", by=operator())
    lists.change(guests, [emil.pk], "remove", by=operator())
    undo(file)
    assert members(guests) == {ann.pk, bob.pk, cleo.pk}
    assert file.state == Import.State.UNDONE


def test_a_file_that_finds_nobody_replaces_nothing(guests: Segment) -> None:
    (ann,) = known("ann")
    lists.change(guests, [ann.pk], "add", by=None)
    run(into("replace", ("nobody", "")))
    assert members(guests) == {ann.pk}


def test_order_numbers_name_their_customers(guests: Segment) -> None:
    ann, bob = known("ann", "bob")
    for source, number, who in (
        ("web", "A-1", ann),
        ("web", "A-2", ann),
        ("web", "B", ann),
        ("tmall", "B", bob),
    ):
        OrderKey.objects.create(source=source, number=number, customer=who)
    file = into("add", ("A-1",), ("A-2",), ("B",), head=("order number",))
    assert file.match_key == "order_number"
    assert [(fate, code) for _no, fate, code in fates(file)] == [
        ("new", ""), ("duplicate", "duplicate_of"), ("refused", "no_such_customer"),
    ]  # fmt: skip
    run(file)
    assert members(guests) == {ann.pk}


def test_an_unknown_list_and_an_unknown_way(guests: Segment) -> None:
    known("ann")
    file = checked("list_members", HEAD, ("ann", ""), defaults={"list": "Ghosts", "how": "add"})
    assert fates(file) == [(2, "refused", "no_such_list")]
    with pytest.raises(Refusal):
        into("shuffle", ("ann", ""))


def test_cancelled_half_way_it_can_be_undone(guests: Segment, monkeypatch: pytest.MonkeyPatch) -> None:
    from users.services import long_jobs
    from users.services.imports import running

    monkeypatch.setattr(running, "WRITE_ROWS", 1)
    known("ann", "bob", "cleo")
    file = into("add", ("ann", ""), ("bob", ""), ("cleo", ""))
    acts.start(file, by=operator())
    while not members(guests):
        long_jobs.run_due(seconds=0.3)
    file.refresh_from_db()
    assert file.job is not None
    long_jobs.cancel(file.job.pk, by=operator())
    finish(file)
    file.refresh_from_db()
    undo(file)
    assert members(guests) == set()


def test_the_page_leads_into_the_wizard(guests: Segment) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    known("ann")
    client = logged_in("operator")
    page = reverse("segments:list_file", args=[guests.pk])
    given = SimpleUploadedFile("guests.csv", b"user id\nann\n")
    answer = client.post(page, {"file": given, "how": "replace"})
    file = Import.objects.get()
    columns = reverse("users:import_columns", args=[file.pk])
    assert (answer.status_code, answer["Location"]) == (302, columns)
    assert client.get(columns)["Location"] == reverse("users:import", args=[file.pk])  # it is being read
    while long_jobs.run_due(seconds=5):
        pass
    shown = client.get(columns).content.decode()
    assert 'value="Guests"' in shown and 'value="replace"' in shown and "Order number" in shown


def test_undoing_an_import_takes_customers_out_of_segments_but_keeps_who_was_put_on_a_list(
    guests: Segment,
) -> None:
    everybody = segment({"field": "stage", "op": "is_any_of", "value": ["prospect"]})
    file = run(checked("customers", ("user_id", "name"), ("ann", "Ann"), ("bob", "Bob"), match_key="user_id"))
    refresh()
    ann, bob = Customer.objects.order_by("user_id")
    assert members(everybody) == {ann.pk, bob.pk}
    lists.change(guests, [bob.pk], "add", by=None)

    undo(file)

    everybody.refresh_from_db()
    assert (members(everybody), everybody.size) == ({bob.pk}, 1)
    assert set(Customer.objects.values_list("pk", flat=True)) == {bob.pk}
    assert set(MembershipChange.objects.values_list("customer_id", flat=True)) == {bob.pk}
    assert list(ImportRow.objects.filter(left="touched").values_list("no", flat=True)) == [3]
