"""Customers who are joined take what files and taggings say of them along."""

from datetime import timedelta

import pytest

from config.kit import clock
from tests.operators import operator
from tests.users.door import customer, identify, send
from tests.users.files.hands import checked, run, undo
from users.groups import group_spec
from users.models import Customer, CustomerTag, ImportRow, TagRun, TagRunMember
from users.services import joining, long_jobs, tag_acts, tags

pytestmark = pytest.mark.django_db


def join(survivor: str, absorbed: str) -> int:
    kept = customer(survivor).pk
    joining.join(kept, customer(absorbed).pk, now=clock.now(), cause="hand")
    return kept


def test_rows_of_a_file_speak_of_the_survivor_and_are_left_by_undoing() -> None:
    send(identify(at=clock.now() - timedelta(days=9), user="alice", name="Alice"))
    file = run(checked("customers", ("user_id", "name"), ("bob", "Bob"), ("carol", "Carol")))
    alice = join("alice", "bob")
    assert ImportRow.objects.get(file=file, no=2).customer_id == alice
    undo(file)
    assert list(ImportRow.objects.order_by("no").values_list("no", "state")) == [(2, "left"), (3, "undone")]
    assert [one.pk for one in Customer.objects.all()] == [alice]
    assert customer("alice").name == "Bob", "told last, and nobody's undoing any more"


def test_a_tagging_of_both_is_undone_for_the_survivor() -> None:
    for user in ("alice", "bob", "carol"):
        send(identify(at=clock.now() - timedelta(days=1), user=user, name=user))
    tags.put_on(customer("carol"), "VIP", by=operator(), now=clock.now())
    run_of = tag_acts.tag_group(
        "VIP", group=group_spec("everyone"), is_on=True, by=operator(), now=clock.now()
    )
    while long_jobs.run_due(seconds=30):
        pass
    alice = join("alice", "bob")
    assert list(TagRunMember.objects.values_list("customer_id", flat=True)) == [alice]
    carol = join("carol", "alice")
    assert set(TagRunMember.objects.values_list("customer_id", flat=True)) == {carol}
    run_of.refresh_from_db()
    tag_acts.undo_group(run_of, by=operator())
    while long_jobs.run_due(seconds=30):
        pass
    assert CustomerTag.objects.filter(customer=carol).count() <= 1
    assert TagRun.objects.get().undone_at is not None
    assert not TagRunMember.objects.exists()
