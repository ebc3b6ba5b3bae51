"""Lists: named members, at once and exact, logged, followed by what refers to them, by joins and erasures."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from config.kit import clock
from config.kit.refusal import Conflict, Refusal
from segments.models import Membership, MembershipChange, Segment, SegmentRun
from segments.services import joining, lists, named, sampling
from segments.services.audit import audit_due
from segments.services.leaving import leave
from segments.services.membership import is_fresh, still_matches
from segments.services.rebuild import rebuild_waiting
from segments.services.refresh import refresh
from segments.services.segments import compute_again, delete_segment, edit_segment, retire, take_up
from tests.operators import logged_in, operator
from tests.segments.shop import customer, members, rule, segment
from users.models import AuditEntry, Customer, Identity, IdentityKind, OrderKey, Role, Touched
from users.services.touch import touch
from users.topics import TouchTopic

pytestmark = pytest.mark.django_db(transaction=True)


def a_list(*people: Customer, name: str = "Guests") -> Segment:
    made = lists.create_list(name=name, by=operator())
    lists.change(made, [one.pk for one in people], "add", by=operator())
    made.refresh_from_db()
    return made


def log(found: Segment) -> list[tuple[int, bool, str]]:
    rows = MembershipChange.objects.filter(segment=found).order_by("run_id", "customer_id")
    return list(rows.values_list("customer_id", "entered", "cause"))


def test_a_list_is_changed_at_once_and_says_who_did_it() -> None:
    ann, bob, cleo = customer(), customer(), customer()
    gone = customer(erased_at=clock.now())
    found = a_list(ann, bob, gone)
    assert (members(found), found.size, is_fresh(found, clock.now())) == ({ann.pk, bob.pk}, 2, True)

    lists.change(found, [bob.pk, cleo.pk], "replace", by=operator(), way="file")
    lists.change(found, [bob.pk, 999_999], "add", by=operator())  # nothing to do: no run, no row in the trail
    lists.change(found, [bob.pk, ann.pk], "remove", by=operator())

    found.refresh_from_db()
    assert (members(found), found.size) == ({cleo.pk}, 1)
    assert log(found) == [
        (ann.pk, True, "list"), (bob.pk, True, "list"), (ann.pk, False, "list"), (cleo.pk, True, "list"),
        (bob.pk, False, "list"),
    ]  # fmt: skip
    told = AuditEntry.objects.filter(act="segment.members").order_by("pk").values_list("after", flat=True)
    assert [(one["entered"], one["left"], one["way"]) for one in told if one] == [
        (2, 0, "hand"), (1, 1, "file"), (0, 1, "hand"),
    ]  # fmt: skip
    sizes = SegmentRun.objects.filter(segment=found).order_by("run_id").values_list("size", flat=True)
    assert list(sizes) == [2, 2, 1]


def test_what_refers_to_a_list_follows_it_and_starts_nothing() -> None:
    ann, bob = customer(), customer()
    found = a_list(ann)
    parent = segment({"segment": found.pk, "op": "in"}, name="On the list")
    others = segment({"segment": found.pk, "op": "not_in"}, name="Not on it")
    assert (members(parent), members(others)) == ({ann.pk}, {bob.pk})
    Touched.objects.all().delete()

    lists.change(found, [ann.pk], "remove", by=None)
    lists.change(found, [bob.pk], "add", by=None)
    done = refresh()

    assert done is not None
    assert (members(parent), members(others), done.entered, done.left) == ({bob.pk}, {ann.pk}, 2, 2)
    assert [one for one in log(parent) if one[2] != "rebuild"] == [
        (ann.pk, False, "list"),
        (bob.pk, True, "list"),
    ]
    parent.refresh_from_db()
    assert is_fresh(parent, clock.now())
    assert still_matches(found, [ann.pk, bob.pk]) == {bob.pk}


def test_time_in_a_list_counts() -> None:
    ann = customer()
    found = a_list(ann)
    parent = segment({"segment": found.pk, "op": "in", "for_days": 7})
    assert members(parent) == set()
    refresh(clock.now() + timedelta(days=7, minutes=1))
    assert members(parent) == {ann.pk}


def test_a_list_stays_fresh_and_is_never_computed() -> None:
    found = a_list(customer())
    Segment.objects.update(
        computed_at=clock.now() - timedelta(days=3), created_at=clock.now() - timedelta(days=3)
    )
    parent = segment({"segment": found.pk, "op": "in"})
    parent.refresh_from_db()
    found.refresh_from_db()
    assert is_fresh(found, clock.now()) and is_fresh(parent, clock.now())
    assert audit_due(clock.now())["audited"] == 0
    assert rebuild_waiting() == []
    for act in (
        lambda: compute_again(found, by=None),
        lambda: edit_segment(found, rule=rule({"everyone": True}), means_everyone=True, by=None),
    ):
        with pytest.raises(Conflict) as refused:
            act()
        assert refused.value.code == "is_a_list"
    with pytest.raises(Conflict) as refused:
        lists.change(parent, [1], "add", by=None)
    assert refused.value.code == "not_a_list"
    edit_segment(found, name="Other guests", folder="Spring", by=None)
    found.refresh_from_db()
    assert (found.name, found.folder) == ("Other guests", "Spring")


def test_joins_and_erasures() -> None:
    ann, ann_again, bob = customer(), customer(), customer()
    found = a_list(ann_again, bob)
    joining.join(ann.pk, ann_again.pk)
    assert members(found) == {ann.pk, bob.pk}
    leave([bob.pk])
    found.refresh_from_db()
    assert (members(found), found.size) == ({ann.pk}, 1)


def test_used_ones_are_neither_stopped_nor_deleted() -> None:
    ann = customer()
    found = a_list(ann)
    parent = segment({"segment": found.pk, "op": "in"}, name="Parent")
    for act in (delete_segment, retire):
        with pytest.raises(Conflict) as refused:
            act(found, by=None)
        assert (refused.value.code, "segment “Parent”" in refused.value.message) == ("segment_in_use", True)
    delete_segment(parent, by=None)
    retire(found, by=operator())
    found.refresh_from_db()
    assert not is_fresh(found, clock.now())
    with pytest.raises(Conflict):
        lists.change(found, [ann.pk], "add", by=None)
    take_up(found, by=operator())
    found.refresh_from_db()
    assert is_fresh(found, clock.now())
    delete_segment(found, by=None)
    assert not Membership.objects.exists()


def test_a_circle_is_refused_with_the_way_round() -> None:
    first = segment({"field": "orders", "op": "at_least", "value": 1}, name="First")
    second = segment({"segment": first.pk, "op": "in"}, name="Second")
    third = segment({"segment": second.pk, "op": "in"}, name="Third")
    with pytest.raises(Refusal) as refused:
        edit_segment(first, rule=rule({"segment": third.pk, "op": "in"}), by=None)
    assert refused.value.code == "circle"
    assert "“First” → “Third” → “Second” → “First”" in refused.value.message


def test_customers_are_found_by_whatever_names_them() -> None:
    ann, bob, cleo = customer(), customer(), customer()
    now = clock.now()
    for kind, value, who in (
        (IdentityKind.USER_ID, "ann", ann), (IdentityKind.EMAIL, "bob@example.com", bob),
        (IdentityKind.PHONE, "+8613800138000", cleo), (IdentityKind.OPENID, "o-1", ann),
    ):  # fmt: skip
        Identity.objects.create(kind=kind, value=value, customer=who, since=now)
    for source, number, who in (("web", "A-1", bob), ("tmall", "A-2", ann), ("web", "A-2", bob)):
        OrderKey.objects.create(source=source, number=number, customer=who)
    asked = ["ann", " BOB@example.com ", "138 0013 8000", "o-1", "A-1", "A-2", "nobody", "ann", "", "a\0b"]
    found = named.find(asked)
    assert found.customers == {
        "ann": ann.pk, "BOB@example.com": bob.pk, "138 0013 8000": cleo.pk, "o-1": ann.pk, "A-1": bob.pk,
    }  # fmt: skip
    assert found.unknown == ["A-2", "nobody", "a\0b"]  # A-2 is borne by orders of two customers


def crowd(size: int) -> Segment:
    now = clock.now()
    Customer.objects.bulk_create(Customer(first_seen_at=now, city="Suzhou") for _ in range(size))
    return segment({"field": "city", "op": "equals", "value": "Suzhou"}, name="Suzhou")


def test_samples_are_sticky_and_nested() -> None:
    found = crowd(400)

    def drawn(name: str, **draw: Any) -> set[int]:
        made, job = sampling.list_of_segment(
            found,
            name=name,
            draw=sampling.Draw(**draw),
            by=operator(),
        )
        assert job is None
        return members(made)

    ten, again, thirty = drawn("a", count=10), drawn("b", count=10), drawn("c", count=30)
    assert (len(ten), len(thirty)) == (10, 30)
    assert ten == again < thirty
    assert drawn("d", count=10, word="other") != ten
    quarter, half = drawn("e", percent=25), drawn("f", percent=50)
    assert quarter < half < drawn("g", percent=100) == members(found)
    assert 60 < len(quarter) < 140  # 100 expected
    assert drawn("h") == members(found)
    frozen = Segment.objects.get(name="h")
    Customer.objects.filter(pk=min(ten)).update(city="Wuxi")
    assert min(ten) in members(frozen)
    for draw in ({"count": 0}, {"percent": 0}, {"percent": 101}, {"count": 1, "word": "x" * 41}):
        with pytest.raises(Refusal):
            drawn("z", **draw)


def test_a_split_shares_nobody_and_leaves_out_nobody() -> None:
    found = crowd(100)
    parts = sampling.split(found, 3, name="Test", by=operator())
    people = [members(part) for part in parts]
    assert [len(part) for part in people] == [34, 33, 33] == [part.size for part in parts]
    assert set().union(*people) == members(found)
    assert [part.name for part in parts] == ["Test A", "Test B", "Test C"]
    with pytest.raises(Refusal):
        sampling.split(found, 11, name="Too many", by=operator())
    Segment.objects.filter(pk=found.pk).update(computed_at=clock.now() - timedelta(hours=1))
    found.refresh_from_db()
    with pytest.raises(Conflict) as refused:
        sampling.split(found, 2, name="Stale", by=operator())
    assert refused.value.code == "not_fresh"


def test_many_are_put_in_by_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    from users.services import long_jobs

    found = crowd(30)
    monkeypatch.setattr(sampling, "AT_ONCE", 10)
    made, job = sampling.list_of_segment(found, name="Later", by=operator())
    assert job is not None and members(made) == set()
    long_jobs.run_due()
    job.refresh_from_db()
    assert (job.state, job.result, members(made)) == ("done", {"entered": 30}, members(found))


def test_by_hand_on_the_page() -> None:
    ann, bob = customer(), customer()
    for name, who in (("ann", ann), ("bob", bob)):
        Identity.objects.create(kind=IdentityKind.USER_ID, value=name, customer=who, since=clock.now())
    client = logged_in(Role.OPERATOR)
    made = client.post(reverse("segments:list_create"), {"name": "Guests"})
    found = Segment.objects.get()
    page = reverse("segments:list_members", args=[found.pk])
    assert (made.status_code, made["Location"]) == (302, page)

    shown = client.post(page, {"names": "ann\nnobody\nbob", "how": "add"}).content.decode()
    assert "1 name leads to nobody" in shown and ">nobody</textarea>" in shown.replace("\n", "")
    assert client.post(page, {"names": "bob", "how": "remove"}).status_code == 302
    assert members(found) == {ann.pk}
    home = client.get(reverse("segments:segment", args=[found.pk])).content.decode()
    assert "named one by one" in home and "Compute again" not in home
    why = client.get(reverse("segments:explain", args=[found.pk, ann.pk])).content.decode()
    assert "on it since" in why
    log_page = client.get(reverse("segments:segment", args=[found.pk]), {"view": "log"}).content.decode()
    assert "The list was changed" in log_page


def test_taking_and_dealing_on_the_page() -> None:
    found = crowd(9)
    client = logged_in(Role.OPERATOR)
    page = reverse("segments:take", args=[found.pk])
    assert client.get(page).status_code == 200
    assert "Say how many." in client.post(page, {"name": "X", "whom": "count", "word": "1"}).content.decode()
    form = {"name": "Half", "whom": "split", "parts": 2, "word": "1"}
    assert client.post(page, form)["Location"] == reverse("segments:list")
    assert sorted(Segment.objects.filter(kind="list").values_list("name", "size")) == [
        ("Half A", 5),
        ("Half B", 4),
    ]
    copy = client.post(reverse("segments:segment", args=[found.pk]), {"act": "duplicate"})
    assert copy.status_code == 302
    assert Segment.objects.get(name="Suzhou, copy 1").rule == found.rule


def test_a_sample_that_was_taken_stays_and_one_that_follows_changes_with_its_segment() -> None:
    found, client = crowd(40), logged_in(Role.OPERATOR)
    page = reverse("segments:take", args=[found.pk])
    shown = client.get(page).content.decode()
    assert "stays like that" in shown and "A share that follows changes with it." in shown
    for whom, name in (("percent", "Frozen"), ("follow", "Following")):
        form = {"name": name, "whom": whom, "percent": 50, "word": "autumn"}
        assert client.post(page, form).status_code == 302
    for percent in (0.5, 100, 33.3):
        refused = client.post(page, {"name": "X", "whom": "follow", "percent": percent, "word": "autumn"})
        assert "a whole percentage from 1 to 99" in refused.content.decode()
    rebuild_waiting()
    frozen, following = Segment.objects.get(name="Frozen"), Segment.objects.get(name="Following")
    assert frozen.description == (
        "50 % of the segment “Suzhou” as it was when this list was made, drawn by lot (autumn)"
    )
    assert (
        following.description
        == "50 % of the segment “Suzhou”, drawn by lot (autumn); it follows that segment"
    )
    before, drawn = members(frozen), members(following)
    assert 10 < len(drawn) < 30
    more = {customer(city="Suzhou").pk for _ in range(40)}
    gone = min(before & drawn)
    Customer.objects.filter(pk=gone).update(city="Wuxi")
    touch([gone, *more], TouchTopic.PROFILE)
    refresh()
    assert members(frozen) == before
    assert drawn - {gone} < members(following) <= members(found)
    assert 0 < len(members(following) & more) < 40


PAGES = ("list_create", "list_members", "list_file", "take", "describe")


@pytest.mark.parametrize("role", Role.values)
def test_who_may(role: str) -> None:
    found = a_list()
    for name in PAGES:
        address = reverse(f"segments:{name}", args=[] if name == "list_create" else [found.pk])
        may = role in {Role.OWNER, Role.OPERATOR}
        assert logged_in(role).get(address).status_code == (200 if may else 403), name
        assert logged_in(role).post(address, {}).status_code == (200 if may else 403), name
