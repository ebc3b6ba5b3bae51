"""Costs per day and channel: entering, correcting, taking back, refusing, and what the trail keeps."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.kit.refusal import Refusal
from tests.operators import operator
from users.models import AcquisitionChannel, AuditEntry, ChannelCost, SourceCode
from users.services.costs import LARGEST, CostRow, set_costs, spread

pytestmark = pytest.mark.django_db

MONDAY, TUESDAY = date(2026, 5, 4), date(2026, 5, 5)


def entered() -> dict[tuple[date, str, str], int]:
    rows = ChannelCost.objects.values_list("day", "channel__slug", "source__code", "amount")
    return {(day, channel, code or ""): amount for day, channel, code, amount in rows}


@pytest.fixture
def poster() -> SourceCode:
    """A source code of the channel baidu."""
    return SourceCode.objects.create(
        code="poster", name="Poster", channel=AcquisitionChannel.objects.get(slug="baidu"), owner_kind="store",
        owner="West", target="http://localhost/", created_at="2026-01-01T00:00:00Z",
    )  # fmt: skip


def test_costs_are_entered_corrected_and_taken_back_with_a_trail(poster: SourceCode) -> None:
    by = operator()
    set_costs([CostRow(MONDAY, "baidu", 500), CostRow(MONDAY, "baidu", 70, "POSTER")], by=by)
    changes = set_costs(
        [CostRow(MONDAY, "baidu", 800), CostRow(MONDAY, "baidu", 70, "poster"), CostRow(TUESDAY, "weibo", 5)],
        by=by,
    )
    assert [(c.row.amount, c.before) for c in changes] == [(800, 500), (5, None)]
    assert entered() == {
        (MONDAY, "baidu", ""): 800,
        (MONDAY, "baidu", "poster"): 70,
        (TUESDAY, "weibo", ""): 5,
    }
    set_costs([change.undone for change in changes], by=by)
    assert entered() == {(MONDAY, "baidu", ""): 500, (MONDAY, "baidu", "poster"): 70}
    trail = AuditEntry.objects.filter(act="costs.set").order_by("pk")
    assert [(row.before, row.after) for row in trail][1] == (
        {"2026-05-04 · baidu": 500, "2026-05-05 · weibo": 0},
        {"2026-05-04 · baidu": 800, "2026-05-05 · weibo": 5},
    )
    assert all(row.operator == by for row in trail)


def test_entering_the_same_again_changes_and_tells_nothing() -> None:
    rows = [CostRow(MONDAY, "baidu", 500)]
    assert len(set_costs(rows, by=operator())) == 1
    assert set_costs(rows, by=operator()) == []
    assert AuditEntry.objects.filter(act="costs.set").count() == 1


@pytest.mark.parametrize(
    ("row", "code", "field"),
    [
        (CostRow(MONDAY, "moon", 1), "unknown_channel", "channel"),
        (CostRow(MONDAY, "", 1), "unknown_channel", "channel"),
        (CostRow(MONDAY, "baidu", -1), "bad_amount", "amount"),
        (CostRow(MONDAY, "baidu", LARGEST + 1), "bad_amount", "amount"),
        (CostRow(date(1999, 12, 31), "baidu", 1), "bad_day", "day"),
        (CostRow(date(2101, 1, 1), "baidu", 1), "bad_day", "day"),
        (CostRow(MONDAY, "baidu", 1, "nobody"), "unknown_source", "source_code"),
        (CostRow(MONDAY, "weibo", 1, "poster"), "other_channel", "source_code"),
        (CostRow(TUESDAY, "baidu", 2), "twice", "day"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_entered(
    poster: SourceCode, row: CostRow, code: str, field: str
) -> None:
    with pytest.raises(Refusal) as refused:
        set_costs([CostRow(TUESDAY, "baidu", 1), row], by=operator())
    assert (refused.value.code, refused.value.field) == (code, field)
    assert entered() == {}


def test_thousands_of_entries_are_one_line_of_the_trail() -> None:
    days = [date.fromordinal(MONDAY.toordinal() - back) for back in range(300)]
    set_costs([CostRow(day, "baidu", 7) for day in days], by=None, actor="import")
    told = AuditEntry.objects.get(act="costs.set")
    assert told.after == {"entries": 300, "from": str(days[-1]), "to": str(MONDAY), "sum": 2100}
    assert told.actor == "import"


@given(total=st.integers(0, 10**9), days=st.integers(1, 400))
def test_a_spread_amount_sums_to_itself(total: int, days: int) -> None:
    parts = spread(total, [MONDAY] * days)
    assert sum(parts) == total
    assert max(parts) - min(parts) <= 1
