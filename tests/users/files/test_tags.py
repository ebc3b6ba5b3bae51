"""Tags as things of their own, on whole groups, and kept by a segment."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import translation

from config.kit import clock
from config.kit.refusal import Refusal
from segments.models import Segment
from segments.services import tag_keeping
from segments.services.segments import create_segment
from tests.operators import logged_in, operator
from tests.users.door import customer, identify, send, visit
from users.groups import group_spec
from users.models import AuditEntry, Customer, CustomerTag, Role, Tag, TagRun, Touched
from users.services import long_jobs, tag_acts, tags

pytestmark = pytest.mark.django_db


def tagged(name: str) -> set[str | None]:
    return set(CustomerTag.objects.filter(tag__name=name).values_list("customer__user_id", flat=True))


@pytest.fixture
def three() -> list[Customer]:
    for user in ("u1", "u2", "u3"):
        send(identify(at=clock.now() - timedelta(days=1), user=user, name=user))
    tags.put_on(customer("u1"), "VIP", by=operator(), now=clock.now())
    Touched.objects.all().delete()
    return [customer(user) for user in ("u1", "u2", "u3")]


def finish(run: TagRun) -> TagRun:
    while long_jobs.run_due(seconds=30):
        pass
    run.refresh_from_db()
    return run


def everyone(name: str, *, is_on: bool) -> TagRun:
    return finish(
        tag_acts.tag_group(name, group=group_spec("everyone"), is_on=is_on, by=operator(), now=clock.now())
    )


def test_a_group_is_tagged_and_untagged_and_each_undone(three: list[Customer]) -> None:
    run = everyone("VIP", is_on=True)
    assert (run.customers, tagged("VIP")) == (2, {"u1", "u2", "u3"})
    assert Touched.objects.filter(topic="tags").count() == 2
    tag_acts.undo_group(run, by=operator())
    assert (finish(run).left, tagged("VIP")) == (0, {"u1"})
    run = everyone("VIP", is_on=False)
    assert (run.customers, tagged("VIP")) == (1, set())
    tags.put_on(three[0], "VIP", by=operator(), now=clock.now())
    tag_acts.undo_group(run, by=operator())
    assert (finish(run).left, tagged("VIP")) == (1, {"u1"}), "put on again since: left as it is"
    with pytest.raises(Refusal):
        tag_acts.undo_group(run, by=operator())


def test_rename_merge_delete(three: list[Customer]) -> None:
    vip = Tag.objects.get(name="VIP")
    tags.put_on(three[1], "Gold", by=operator(), now=clock.now())
    gold = Tag.objects.get(name="Gold")
    with pytest.raises(Refusal) as refused:
        tag_acts.change(vip, name="Gold", category="", by=operator())
    assert refused.value.code == "name_taken"
    vip.refresh_from_db()
    tag_acts.change(vip, name=" Very  important ", category="rank", by=operator())
    assert tagged("Very important") == {"u1"}
    assert tag_acts.merge(gold, vip, by=operator()) == 1
    assert (tagged("Very important"), Tag.objects.filter(name="Gold").exists()) == ({"u1", "u2"}, False)
    tag_acts.delete(vip, by=operator())
    assert CustomerTag.objects.count() == 0
    assert {"tag.change", "tag.merge", "tag.delete"} <= set(AuditEntry.objects.values_list("act", flat=True))


def segment(name: str, root: dict[str, Any]) -> Segment:
    return create_segment(name=name, description="", rule={"version": 1, "root": root}, by=operator())


def test_a_tag_in_a_rule_is_neither_renamed_nor_deleted(three: list[Customer]) -> None:
    asks = segment(
        "Askers", {"all": [{"any": [{"collection": "tags", "op": "has_any_of", "value": ["VIP"]}]}]}
    )
    vip = Tag.objects.get(name="VIP")
    for act in (
        lambda: tag_acts.delete(vip, by=operator()),
        lambda: tag_acts.change(vip, name="New", category="", by=operator()),
        lambda: tag_acts.merge(vip, Tag.objects.create(name="Other"), by=operator()),
    ):
        with pytest.raises(Refusal) as refused:
            act()
        assert (refused.value.code, "Askers" in refused.value.message) == ("in_use", True)
    with pytest.raises(Refusal) as refused:
        tag_keeping.keep(asks, "VIP", by=operator(), now=clock.now())
    assert refused.value.code == "in_use"


def test_pages_and_who_may(three: list[Customer]) -> None:
    client = logged_in(Role.OPERATOR)
    page = client.get(reverse("users:tags"))
    assert page.status_code == 200
    assert "VIP" in page.content.decode()
    spec = group_spec("everyone")
    url = f"{reverse('users:tag_group')}?group={spec}"
    assert client.get(url).status_code == 200
    assert client.post(url, {"name": "All", "way": "on"}).status_code == 302
    finish(TagRun.objects.get())
    assert tagged("All") == {"u1", "u2", "u3"}
    client.post(reverse("users:tags"), {"undo": str(TagRun.objects.get().pk)})
    finish(TagRun.objects.get())
    assert tagged("All") == set()
    assert logged_in(Role.ANALYST).post(url, {"name": "All", "way": "on"}).status_code == 403
    vip = reverse("users:tag", args=[Tag.objects.get(name="VIP").pk])
    assert client.post(vip, {"act": "delete"}).status_code == 302
    assert not Tag.objects.filter(name="VIP").exists()


def test_each_reader_reads_whom_a_group_was_in_his_own_language(three: list[Customer]) -> None:
    reader = logged_in(Role.OWNER)
    with translation.override("zh-hans"):
        run = everyone("All", is_on=True)
        tag_acts.undo_group(run, by=operator())
    finish(run)
    for address in ("users:tags", "users:jobs", "users:audit"):
        english = reader.get(reverse(address), HTTP_ACCEPT_LANGUAGE="en").content.decode()
        chinese = reader.get(reverse(address), HTTP_ACCEPT_LANGUAGE="zh-hans").content.decode()
        assert "All customers" in english, address
        assert "全部顾客" not in english, address
        assert "全部顾客" in chinese, address
        assert "All customers" not in chinese, address


def test_a_visitor_is_no_customer_to_tag(three: list[Customer]) -> None:
    send(visit(at=clock.now(), anonymous="a9"))
    assert everyone("All", is_on=True).customers == 3
