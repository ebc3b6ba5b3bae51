"""Ready segments: one for every dimension, made by one button, once; named in the reader's language until renamed."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from config.kit import clock
from segments.admin.catalogue import catalogue
from segments.admin.pinyin import initials
from segments.models import Segment, SegmentState
from segments.ready import PRESETS, named, shelves
from segments.ready.demo import BUYERS, GUESTS
from segments.registry import collections, fields, sources
from segments.rules.parse import parse
from segments.services import lists, tag_keeping
from segments.services.explain_list import explain_any
from segments.services.presets import install, install_one, known_as, make, rule_of
from segments.services.rebuild import rebuild_waiting
from segments.services.segments import create_segment, duplicate, edit_segment
from tests.operators import logged_in
from tests.segments.shop import customer
from users.models import Role
from users.seed import seed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _reference_rows() -> None:
    seed()


def test_all_are_made_once_and_can_be_computed() -> None:
    customer(stage="dormant")
    first = install(by=None)
    assert (len(first.made), first.existing) == (len(PRESETS), [])
    again = install(by=None)
    assert (again.made, len(again.existing)) == ([], len(PRESETS))
    rebuild_waiting(seconds=60)
    assert list(Segment.objects.exclude(state=SegmentState.LIVE).values_list("name", "error")) == []


# What a shop can ask about without a ready segment for it, and why.
NOT_READY = {
    "names are looked up, not grouped": {"name", "first_name", "last_name"},
    "a figure whose bands, scores, tops or moves have ready segments": {
        "rfm_r", "rfm_f", "rfm_m", "top_orders", "predicted_ltv", "revenue_year", "orders_window", "aov",
        "active_days", "stage_since", "level", "level_since", "open_share", "click_share", "last_message",
        "check_in_days", "check_in_streak", "last_check_in", "country",
    },
    "values are the shop's own": {
        "source_owner", "source_platform", "utm_medium", "utm_term", "utm_content", "tags", "order_lines",
    },
    "the same is asked by a nearer word": {
        "agreed_to", "refused", "conversions", "customer_messages", "answers", "growth", "points_earned",
        "points_taken", "points_maturing",
    },
}  # fmt: skip


def test_everything_that_can_be_asked_about_has_a_ready_segment_or_a_reason_for_none() -> None:
    asked = set[str]()

    def look(node: Any) -> None:
        if isinstance(node, list | tuple):
            for part in node:
                look(part)
        elif isinstance(node, dict):
            asked.update(node[key] for key in ("field", "collection", "happened") if key in node)
            asked.update({"events"} if "event" in node else ())
            look(list(node.values()))

    for preset in PRESETS.values():
        look(preset.conditions(*range(len(preset.upon))))
    lent = {one.name for kind in (fields, collections, sources) for one in kind}
    reasons = set[str]().union(*NOT_READY.values())
    assert lent - asked == reasons


def test_one_alone_brings_what_it_rests_on() -> None:
    made = install_one("spenders_asleep", by=None)
    assert set(Segment.objects.values_list("preset", flat=True)) == {"big_spenders", "spenders_asleep"}
    assert install_one("spenders_asleep", by=None) == made
    assert Segment.objects.count() == 2


def test_a_segment_of_the_same_name_in_either_language_is_taken_for_it() -> None:
    with translation.override("zh-hans"):
        made = install_one("dormant", by=None)
    Segment.objects.filter(pk=made.pk).update(preset="")
    assert install_one("dormant", by=None) == made


def test_the_name_follows_the_reader_until_somebody_renames_it() -> None:
    made = install_one("big_spenders", by=None)
    with translation.override("zh-hans"):
        assert made.title not in ("", "Big spenders")
        assert made.purpose != made.description
    renamed = edit_segment(made, by=None, name="Whales")
    with translation.override("zh-hans"):
        assert renamed.title == "Whales"


def test_names_and_purposes_are_written_in_both_languages_and_differ() -> None:
    seen = set[str]()
    for preset in PRESETS.values():
        with translation.override("en"):
            english = str(preset.name)
        with translation.override("zh-hans"):
            assert str(preset.name) != english
        assert english not in seen
        assert len(english) <= 60
        seen.add(english)
        if not preset.upon:
            assert parse(rule_of(preset)).write()


def test_the_gallery_shows_counts_and_makes_one_or_all() -> None:
    customer(stage="dormant")
    page, client = reverse("segments:ready"), logged_in()
    shown = client.get(page).content.decode()
    assert "Dormant customers" in shown
    assert 'name="preset" value="dormant"' in shown
    count = client.get(reverse("segments:ready_count", args=["dormant"])).content.decode()
    assert ">1</strong>" in count
    assert client.get(reverse("segments:ready_count", args=["nothing"])).status_code == 404
    assert (
        "Counted once it is made"
        in client.get(reverse("segments:ready_count", args=["spenders_asleep"])).content.decode()
    )
    client.post(page, {"preset": "dormant"})
    assert Segment.objects.get().preset == "dormant"
    refused = client.post(page, {"preset": "nothing"}, follow=True).content.decode()
    assert "There is no such ready segment." in refused
    told = client.post(page, follow=True).content.decode()
    assert f"{len(PRESETS) - 1} segments made. 1 was there." in told
    chinese = logged_in(language="zh-hans").get(page).content.decode()
    assert "Dormant customers" not in chinese
    analyst = logged_in(Role.ANALYST)
    assert analyst.get(page).status_code == 200
    assert analyst.post(page, {"preset": "active"}).status_code == 403


def test_the_list_knows_a_ready_segment_by_the_name_and_subject_that_the_reader_sees() -> None:
    install_one("spenders_asleep", by=None)
    client, page = logged_in(Role.OWNER), reverse("segments:list")
    with translation.override("zh-hans"):
        name, subject = str(PRESETS["spenders_asleep"].name), str(PRESETS["spenders_asleep"].group)
    chinese = {"Accept-Language": "zh-hans"}
    found = client.get(page, {"q": name[:4]}, headers=chinese)
    assert [row[0].value for row in found.context["table"].rows] == [name]
    assert found.context["table"].rows[0][1].value == subject
    shelf = next(
        key for key, (title, _keys) in shelves().items() if title == str(PRESETS["spenders_asleep"].group)
    )
    of_subject = client.get(page, {"folder": shelf}, headers=chinese)
    assert name in [row[0].value for row in of_subject.context["table"].rows]
    Segment.objects.filter(preset="spenders_asleep").update(folder="Mine")
    kept = client.get(page, {"folder": "Mine"}, headers=chinese).context["table"].rows
    assert [(row[0].value, row[1].value) for row in kept] == [(name, "Mine")]
    assert name not in [
        row[0].value for row in client.get(page, {"folder": shelf}, headers=chinese).context["table"].rows
    ]
    words = client.get(reverse("segments:lineage"), headers=chinese).content.decode()
    assert name in words
    assert "Big spenders falling asleep" not in words


def test_the_head_of_the_list_shows_three_buttons_and_folds_the_others() -> None:
    actions = logged_in(Role.OWNER).get(reverse("segments:list")).context["actions"]
    assert [action.url for action in actions if not action.folded] == [
        reverse("segments:ready"), reverse("segments:list_create"), reverse("segments:create")
    ]  # fmt: skip
    assert [action.url for action in actions if action.folded] == [
        reverse(f"segments:{name}") for name in ("runs", "overlap", "backtests", "lineage", "webhooks")
    ]


def test_the_list_stands_in_the_order_of_what_the_reader_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("dormant", "active", "new", "returning"):
        install_one(key, by=None)
    create_segment(name="zebra", rule=rule_of(PRESETS["new"]), by=None)
    create_segment(name="Apple", rule=rule_of(PRESETS["new"]), by=None)
    page = reverse("segments:list")

    def names(client: Client, **asked: str) -> list[str]:
        found = client.get(page, asked)
        assert found.context is not None
        return [row[0].value for row in found.context["table"].rows]

    english, chinese = logged_in(), logged_in(language="zh-hans")
    shelf = ["Active customers", "Dormant customers", "New customers", "Returning"]
    assert names(english) == ["Apple", "zebra", *shelf]
    by_pinyin = ["沉睡顾客", "回流", "活跃顾客", "新顾客"]
    assert names(chinese) == ["Apple", "zebra", *by_pinyin]
    assert names(chinese, q="Dormant") == []
    assert names(chinese, q="沉睡") == ["沉睡顾客"]
    monkeypatch.setattr("segments.admin.lists.SHOWN", 4)
    first = chinese.get(page).context["table"]
    second = chinese.get(page, {"cursor": first.next}).context["table"]
    assert [row[0].value for row in (*first.rows, *second.rows)] == ["Apple", "zebra", *by_pinyin]
    assert (first.previous, second.next) == ("", "")
    assert chinese.get(page, {"cursor": second.previous}).context["table"].rows[0][0].value == "Apple"
    assert names(chinese, cursor="nonsense")[0] == "Apple"
    with translation.override("zh-hans"):
        offered = [title for _pk, title, _size in catalogue(clock.now())["segments"]]
    assert offered == ["Apple", "zebra", *by_pinyin]


def test_the_gallery_has_a_jump_list_a_search_and_knows_what_the_shop_uses() -> None:
    made = install_one("dormant", by=None)
    tag_keeping.keep(made, "Asleep", by=None, now=clock.now())
    page, client = reverse("segments:ready"), logged_in()

    def found(**asked: str) -> dict[str, list[str]]:
        shelves = client.get(page, asked).context["shelves"]
        return {shelf.title: [card.preset.key for card in shelf.cards] for shelf in shelves}

    shown = client.get(page)
    assert len(shown.context["shelves"]) == len({str(preset.group) for preset in PRESETS.values()})
    body = shown.content.decode()
    for shelf in shown.context["shelves"]:
        assert f'href="#{shelf.anchor}"' in body
        assert f'id="{shelf.anchor}"' in body
    assert "1/14" in body
    assert "1 use<" in body
    assert found(q="RFM champions") == {"Value of the customer": ["rfm_champions"]}
    assert found(state="there") == found(state="used") == {"Stages of life": ["dormant"]}
    assert sum(map(len, found(state="missing").values())) == len(PRESETS) - 1
    assert "No ready segment tells of this" in client.get(page, {"q": "no such thing"}).content.decode()
    with translation.override("zh-hans"):
        asleep = str(PRESETS["dormant"].name)
    chinese = logged_in(language="zh-hans").get(page, {"q": initials(asleep)}).context["shelves"]
    assert "dormant" in [card.preset.key for shelf in chinese for card in shelf.cards]
    kept = client.post(f"{page}?q=prospects", {"preset": "prospects"})
    assert kept.headers["Location"] == f"{page}?q=prospects#prospects"
    install(by=None)
    assert "Make all that are missing" not in client.get(page).content.decode()


def test_the_segments_of_the_demo_shop_are_named_in_both_languages() -> None:
    for ready in named:
        with translation.override("en"):
            english = (str(ready.name), str(ready.description))
        with translation.override("zh-hans"):
            assert not {str(ready.name), str(ready.description)} & set(english), ready.key
    listed = lists.create_list(name=str(GUESTS.name), by=None)
    known_as(listed, GUESTS)
    copied, who = make(BUYERS, by=None), customer()
    with translation.override("zh-hans"):
        assert str(GUESTS.name) in explain_any(listed, who.pk, clock.now()).root.sentence
        listed = Segment.objects.get(pk=listed.pk)
        assert (listed.title, listed.purpose) == (str(GUESTS.name), str(GUESTS.description))
        assert copied.title == "所有买过的顾客"
        assert duplicate(copied, by=None).name.startswith("所有买过的顾客")
