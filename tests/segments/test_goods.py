"""Rules about categories with what is below them, products owned, ends of warranties: exact, however they change."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config.kit import clock
from config.kit.refusal import Refusal
from segments.models import Segment
from segments.services.rebuild import rebuild
from segments.services.refresh import refresh
from tests.clock import move_to
from tests.segments.shop import ago, customer, members, order, segment
from users.models import Category, CategoryName, Customer, Product
from users.services import categories, owned, products

NOW = datetime(2026, 5, 14, 7, 30, tzinfo=UTC)
DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _today() -> None:
    move_to(NOW)


def grow(*texts: str) -> None:
    categories.sort_in(texts)


def node(path: str) -> Category:
    return Category.objects.get(path=path)


def bought(category: str, *, op: str = "equals", value: Any = None) -> dict[str, Any]:
    where = [{"property": "category", "op": op, "value": value or category}]
    return {"happened": "orders", "op": "did", "at_least": 1, "where": where}


def exact(*found: Segment) -> bool:
    """Whether what refreshing keeps is what the rule says from scratch."""
    refresh()
    kept = [members(one) for one in found]
    return kept == [members(rebuild(one)) for one in found]


def test_a_category_means_all_that_is_below_it() -> None:
    grow("Music > Jazz", "Music > Rock", "Books", "Musicals")
    jazz, rock, book, musical = (customer() for _ in range(4))
    for who, text in ((jazz, "Music > Jazz"), (rock, "Music > Rock"), (book, "Books"), (musical, "Musicals")):
        order(who, ago(days=3), 500, text)
    assert members(segment(bought("Music"))) == {jazz.pk, rock.pk}
    assert members(segment(bought("Music > Jazz"))) == {jazz.pk}
    assert members(segment(bought("", op="is_any_of", value=["Music > Rock", "Books"]))) == {rock.pk, book.pk}
    assert members(segment(bought("", op="is_none_of", value=["Music"]))) == {book.pk, musical.pk}
    assert members(segment(bought("Music", op="not_equals"))) == {book.pk, musical.pk}
    assert members(segment(bought("Nowhere"))) == set()


def test_a_text_nobody_sorted_yet_still_means_itself() -> None:
    who = customer()
    order(who, ago(days=3), 500, "Loose")
    assert members(segment(bought("Loose"))) == {who.pk}


def test_moving_merging_and_renaming_are_followed() -> None:
    grow("Music > Jazz", "Blues", "Books > Biographies")
    jazz, blues, lives = (customer() for _ in range(3))
    for who, text in ((jazz, "Music > Jazz"), (blues, "Blues"), (lives, "Books > Biographies")):
        order(who, ago(days=3), 500, text)
    music, books, sound = (segment(bought(name)) for name in ("Music", "Books", "Sound"))
    refresh()
    categories.move(node("Blues").pk, below=node("Music").pk, by=None)
    assert exact(music, books, sound) and members(music) == {jazz.pk, blues.pk}
    categories.rename(node("Music").pk, name="Sound", by=None)
    assert exact(music, books, sound)
    assert members(music) == members(sound) == {jazz.pk, blues.pk}
    categories.merge(node("Books > Biographies").pk, into=node("Sound > Jazz").pk, by=None)
    assert exact(music, books, sound)
    assert (members(music), members(books)) == ({jazz.pk, blues.pk, lives.pk}, set())


def test_what_may_not_be_done_to_the_tree() -> None:
    grow("Music > Jazz > Bebop", "Books", "Music > Rock")
    for code, act in (
        ("circle", lambda: categories.move(node("Music").pk, below=node("Music > Jazz > Bebop").pk, by=None)),
        ("circle", lambda: categories.merge(node("Music").pk, into=node("Music > Jazz").pk, by=None)),
        ("name_taken", lambda: categories.rename(node("Music > Rock").pk, name="Jazz", by=None)),
        ("bad_name", lambda: categories.rename(node("Books").pk, name="A > B", by=None)),
        ("not_found", lambda: categories.move(0, below=None, by=None)),
    ):
        with pytest.raises(Refusal) as refused:
            act()
        assert refused.value.code == code
    categories.rename(node("Books").pk, name="Print", by=None)
    categories.move(node("Music > Rock").pk, below=None, by=None)
    with pytest.raises(Refusal) as refused:  # the old name goes on meaning it
        categories.rename(node("Rock").pk, name="Books", by=None)
    assert refused.value.code == "name_taken"


def test_merging_trees_of_the_same_shape() -> None:
    grow("Music > Jazz > Bebop", "Sound > Jazz > Swing")
    categories.merge(node("Sound").pk, into=node("Music").pk, by=None)
    assert sorted(Category.objects.values_list("path", flat=True)) == [
        "Music", "Music > Jazz", "Music > Jazz > Bebop", "Music > Jazz > Swing",
    ]  # fmt: skip
    assert CategoryName.objects.get(text="Sound > Jazz").category == node("Music > Jazz")


def test_random_trees_stay_exact() -> None:
    """The oracle walks parents by hand; the rule is asked through texts and paths."""
    draw = random.Random(11)
    names = ["A", "A > B", "A > B > C", "D", "D > E", "F"]
    grow(*names)
    told: dict[int, str] = {}
    for text in names * 2:
        who = customer()
        order(who, ago(days=2), 100, text)
        told[who.pk] = text
    watched = [segment(bought(text)) for text in ("A", "A > B", "D", "F")]
    refresh()
    for _ in range(12):
        one, other = draw.sample(list(Category.objects.order_by("pk")), 2)
        try:
            if draw.random() < 0.7:
                categories.move(one.pk, below=draw.choice([other.pk, None]), by=None)
            else:
                categories.merge(one.pk, into=other.pk, by=None)
        except Refusal as refused:
            assert refused.code in {"circle", "name_taken"}
            continue
        refresh()
        for text, found in zip(("A", "A > B", "D", "F"), watched, strict=True):
            assert members(found) == {pk for pk, own in told.items() if is_below(own, text)}


def is_below(text: str, top: str) -> bool:
    wanted = CategoryName.objects.get(text=top).category_id
    at: Category | None = CategoryName.objects.get(text=text).category
    while at is not None:
        if at.pk == wanted:
            return True
        at = at.parent
    return False


def card(who: Customer, product: str, *, since: datetime, months: int | None) -> None:
    owned.register(who.pk, product_id=product, serial="", since=since, months=months, now=clock.now())


def test_owning_and_ends_of_warranties_by_the_clock_alone() -> None:
    Product.objects.create(product_id="amp", category="Audio > Amps")
    grow("Audio > Amps")
    soon, late, never, other = (customer() for _ in range(4))
    card(soon, "amp", since=datetime(2025, 5, 24, 7, 30, tzinfo=UTC), months=12)  # ends in ten days
    card(late, "amp", since=datetime(2025, 9, 14, 7, 30, tzinfo=UTC), months=12)
    card(never, "amp", since=NOW - DAY, months=None)
    owns = segment({"happened": "owned", "op": "did", "at_least": 1,
                    "where": [{"property": "category", "op": "equals", "value": "Audio"}]})  # fmt: skip
    ends = segment({"happened": "warranties", "op": "did", "at_least": 1, "in_next_days": 7})
    over = segment({"happened": "warranties", "op": "did", "at_least": 1, "in_last_days": 30})
    assert members(owns) == {soon.pk, late.pk, never.pk} and other.pk not in members(owns)
    assert (members(ends), members(over)) == (set(), set())
    move_to(NOW + 3 * DAY + timedelta(seconds=1))
    assert exact(ends, over) and members(ends) == {soon.pk}
    move_to(NOW + 10 * DAY - timedelta(hours=1))
    assert exact(ends, over) and (members(ends), members(over)) == ({soon.pk}, set())
    move_to(NOW + 10 * DAY + timedelta(seconds=1))
    assert exact(ends, over) and (members(ends), members(over)) == (set(), {soon.pk})
    move_to(NOW + 41 * DAY)
    assert exact(ends, over) and members(over) == set()


def test_a_product_set_anew_is_followed() -> None:
    Product.objects.create(product_id="amp", category="Audio")
    grow("Audio")
    who = customer()
    card(who, "amp", since=datetime(2025, 5, 20, tzinfo=UTC), months=None)
    home = segment({"happened": "owned", "op": "did", "at_least": 1,
                    "where": [{"property": "category", "op": "equals", "value": "Home"}]})  # fmt: skip
    ends = segment({"happened": "warranties", "op": "did", "at_least": 1, "in_next_days": 7})
    refresh()
    assert members(home) == members(ends) == set()
    products.set_product("amp", category="Home > Hi-fi", warranty_months=12, by=None)
    assert exact(home, ends) and members(home) == members(ends) == {who.pk}


def test_a_card_for_a_product_that_only_a_view_has_named() -> None:
    """Its category finds its place with the card, not later, when somebody's order names it too."""
    who, other = customer(), customer()
    Product.objects.create(product_id="amp", name="Amplifier", category="Hi-fi > Amplifiers")
    where = [{"property": "category", "op": "equals", "value": "Hi-fi"}]
    found = segment({"happened": "owned", "op": "did", "at_least": 1, "where": where})
    owned.register(who.pk, product_id="amp", serial="", since=ago(days=3), now=NOW)
    assert exact(found)
    order(other, ago(days=3), 500, "Hi-fi > Amplifiers")
    grow("Hi-fi > Amplifiers")
    assert exact(found)
    assert members(found) == {who.pk}
