"""Random rules about order and time: sequences, habits, stages and segments in time, lots, festivals, the top N %."""

from functools import cache

from hypothesis import strategies as st

from tests.segments.basics import DAYS, STAGES, Json, filters, windows
from tests.segments.world import EVENTS


@st.composite
def _occurrence(draw: st.DrawFn) -> Json:
    name = draw(st.sampled_from([*EVENTS, "orders"]))
    begin: Json = {"happened": name} if name == "orders" else {"event": name}
    if draw(st.integers(0, 3)):
        return begin
    return {**begin, "where": draw(st.lists(filters(begin.get("happened", "event")), min_size=1, max_size=1))}


SPANS = st.sampled_from(
    [
        {"within": 1, "unit": "days"},
        {"within": 7, "unit": "days"},
        {"within": 5, "unit": "hours"},
        {"within": 3, "unit": "minutes"},
    ]
)


@st.composite
def _sequence(draw: st.DrawFn) -> Json:
    node: Json = {
        "sequence": draw(_occurrence()),
        "op": draw(st.sampled_from(["then", "not_then"])),
        "then": draw(_occurrence()),
        **draw(SPANS),
        **draw(windows()),
    }
    further = draw(st.sampled_from([0, 0, 1, 2]))
    if further:
        steps = [draw(_occurrence()) for _ in range(further)]
        node["and_then"] = steps if further > 1 else steps[0]
    if node["op"] == "not_then" and {"in_last_days", "in_last_calendar_days", "in_current"} & node.keys():
        node |= {"within": 3, "unit": "minutes"}
    return node


@cache
def habits() -> st.SearchStrategy[Json]:
    gaps = st.sampled_from([1, 7, 30])
    weeks = st.tuples(st.integers(1, 4), st.integers(1, 4)).map(sorted)
    return st.one_of(
        _sequence(),
        _sequence(),
        st.builds(
            lambda what, gap, extra: {"stopped": what, "gap_days": gap, **extra},
            _occurrence(),
            gaps,
            st.sampled_from([{}, {"at_least": 2}]),
        ),
        st.builds(
            lambda what, gap, window: {"restarted": what, "gap_days": gap, **window},
            _occurrence(),
            gaps,
            windows(),
        ),
        st.builds(
            lambda what, pair: {"regularly": what, "weeks": pair[0], "of": pair[1]}, _occurrence(), weeks
        ),
        st.builds(
            lambda what, n, window: {"nth": what, "n": n, **window},
            _occurrence(),
            st.integers(1, 3),
            windows().filter(bool),
        ),
    )


@cache
def calendars() -> st.SearchStrategy[Json]:
    """Stages in time, lots, festivals, the top N %."""
    stages = STAGES.filter(lambda stage: stage != "prospect")
    return st.one_of(
        st.builds(
            lambda stage, op, days: {"in_stage": stage, "op": op, "days": days},
            stages,
            st.sampled_from(["for_at_least", "for_at_most"]),
            DAYS,
        ),
        st.builds(lambda stage, window: {"in_stage": stage, "op": "was", **window}, stages, windows()),
        st.builds(
            lambda salt, pair: {"bucket": salt, "from": pair[0], "to": pair[1]},
            st.sampled_from(["a", "%s", "秋"]),
            st.tuples(st.integers(1, 100), st.integers(1, 100)).map(sorted),
        ),
        st.builds(
            lambda name, op, days: {"festival": name, "op": op, "days": days},
            st.sampled_from(
                ["new_year", "women", "spring_festival", "new_years_eve", "mid_autumn", "qingming"]
            ),
            st.sampled_from(["in_days", "within_days"]),
            st.sampled_from([0, 1, 7, 31, 90]),
        ),
        st.builds(
            lambda percent, by: {"top": percent, "by": by},
            st.sampled_from([1, 34, 50, 99]),
            st.sampled_from(["orders", "revenue", "active_days"]),
        ),
    )


@cache
def segment_times(segments: tuple[int, ...]) -> st.SearchStrategy[Json]:
    pks = st.sampled_from(segments)
    return st.one_of(
        st.builds(
            lambda pk, op, window: {"segment_time": pk, "op": op, **window},
            pks,
            st.sampled_from(["entered", "left", "was_in"]),
            windows(),
        ),
        st.builds(lambda pk, days: {"segment_time": pk, "op": "for_at_most", "days": days}, pks, DAYS),
    )
