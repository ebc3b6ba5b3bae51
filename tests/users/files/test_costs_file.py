"""Files of what channels cost: entered, corrected, refused with the reason, and taken back."""

import pytest

from tests.operators import operator
from tests.users.files.hands import checked, fates, run, undo
from users.models import AcquisitionChannel, AuditEntry, ChannelCost, ImportRow, SourceCode
from users.services.costs import CostRow, set_costs

pytestmark = pytest.mark.django_db

HEAD = ("日期", "channel", "来源码", "花费")


def entered() -> dict[tuple[str, str, str], int]:
    rows = ChannelCost.objects.values_list("day", "channel__slug", "source__code", "amount")
    return {(day.isoformat(), channel, code or ""): amount for day, channel, code, amount in rows}


@pytest.fixture
def poster() -> SourceCode:
    """A source code of the channel baidu."""
    return SourceCode.objects.create(
        code="poster", name="Poster", channel=AcquisitionChannel.objects.get(slug="baidu"), owner_kind="store",
        owner="West", target="http://localhost/", created_at="2026-01-01T00:00:00Z",
    )  # fmt: skip


@pytest.mark.usefixtures("poster")
def test_costs_come_in_once_and_go_again() -> None:
    first = run(checked("costs", HEAD, ("2026-05-04", "baidu", "", "120"), ("2026-05-05", "weibo", "", "3")))
    assert (first.counts, first.match_key) == ({"new": 2}, "")
    before = entered()
    file = checked(
        "costs",
        HEAD,
        ("2026-05-04", "baidu", "", "¥1,500.50"),
        ("2026年5月5日", "weibo", "", "3.00"),
        ("2026-05-06", "baidu", "POSTER", "7"),
        ("2026-05-06", "baidu", "poster", "8"),
        ("2026-05-04", "moon", "", "1"),
        ("2026-13-45", "baidu", "", "1"),
        ("2026-05-07", "baidu", "", "-1"),
        ("2026-05-07", "baidu", "", "a lot"),
        ("2026-05-07", "baidu", "nobody", "1"),
        ("2026-05-07", "weibo", "poster", "1"),
        ("1999-05-07", "weibo", "", "1"),
        ("2026-05-07", "weibo", "", ""),
    )
    expected = [
        (2, "changes", ""), (3, "unchanged", ""), (4, "new", ""), (5, "duplicate", "duplicate_of"),
        (6, "refused", "no_such_channel"), (7, "refused", "not_a_date"), (8, "refused", "negative_amount"),
        (9, "refused", "not_an_amount"), (10, "refused", "no_such_source"), (11, "refused", "other_channel"),
        (12, "refused", "day_too_far"), (13, "refused", "missing"),
    ]  # fmt: skip
    assert fates(file) == expected
    assert entered() == before, "the dry run writes nothing"
    assert ImportRow.objects.get(file=file, no=2).detail["changes"] == [["amount", "120.00", "1500.50"]]
    run(file)
    assert fates(file) == expected
    assert entered() == {
        ("2026-05-04", "baidu", ""): 150_050,
        ("2026-05-05", "weibo", ""): 300,
        ("2026-05-06", "baidu", "poster"): 700,
    }
    assert AuditEntry.objects.filter(act="costs.set", operator=operator()).count() == 2
    undo(file)
    assert (entered(), file.result) == (before, {"left": 0})


def test_undoing_leaves_what_was_entered_since() -> None:
    file = run(checked("costs", HEAD, ("2026-05-04", "baidu", "", "5"), ("2026-05-05", "baidu", "", "6")))
    ((day, _channel, _code), *_others) = sorted(entered())
    assert day == "2026-05-04"
    set_costs([CostRow(ChannelCost.objects.earliest("day").day, "baidu", 999)], by=operator())
    undo(file)
    assert (entered(), file.result) == ({("2026-05-04", "baidu", ""): 999}, {"left": 1})
    assert ImportRow.objects.get(state="left").left == "touched"


def test_one_channel_for_the_whole_file() -> None:
    file = checked("costs", ("date", "cost"), ("2026-05-04", "5"), defaults={"channel": "baidu"})
    assert fates(run(file)) == [(2, "new", "")]
    assert entered() == {("2026-05-04", "baidu", ""): 500}
