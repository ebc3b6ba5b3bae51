"""Parts of pages: comparisons in words, limits of charts, progress."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.utils.translation import override

from config.kit.charts import Chart, Series
from config.kit.parts import Cell, Choice, Column, Empty, Filter, Progress, Stat, Table
from config.kit.sankey import Flow, Node, Sankey

NOW = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with override("en"):
        yield


@pytest.mark.parametrize(
    ("value", "before", "more_is", "expected"),
    [
        (120, 100, "good", ("up", "good", "up 20%", "100")),
        (80, 100, "good", ("down", "bad", "down 20%", "100")),
        (120, 100, "bad", ("up", "bad", "up 20%", "100")),
        (5, 0, "good", ("up", "good", "up 5", "0")),
        (100, 100, "good", ("flat", "", "unchanged", "100")),
        (7, 4, "", ("up", "", "up 75%", "4")),
        (1002, 1000, "good", ("up", "good", "up 0.2%", "1,000")),
    ],
)
def test_a_figure_says_how_it_moved(
    value: int, before: int, more_is: str, expected: tuple[str, str, str, str]
) -> None:
    change = Stat("Orders", value, before=before, more_is=more_is).change  # type: ignore[arg-type]
    assert change is not None
    assert (change.way, change.tone, change.sentence, change.before) == expected


def test_nothing_to_compare_is_no_change() -> None:
    assert Stat("Orders", 5).change is None
    assert Stat("Orders", None, before=5).change is None


def test_a_chart_refuses_a_sixth_series() -> None:
    with pytest.raises(ValueError, match="at most 5"):
        Chart("many", "Many", ["a"], [Series(str(n), [n]) for n in range(6)])


def test_a_chart_has_the_same_figures_as_a_table() -> None:
    chart = Chart(
        "c", "Sent", ["Mon", "Tue"], [Series("Sent", [3, None]), Series("Opened", [1, 2])], kind="bar"
    )
    table = chart.table()
    assert [column.title for column in table.columns] == ["", "Sent", "Opened"]
    assert [[cell.value for _column, cell in row] for row in table.drawn()] == [
        ["Mon", 3, 1],
        ["Tue", None, 2],
    ]
    assert chart.option()["yAxis"]["min"] == 0
    assert not chart.is_empty


def test_zeroes_are_an_empty_chart() -> None:
    assert Chart("c", "Sent", ["Mon"], [Series("Sent", [0])]).is_empty


def test_progress_tells_rate_and_time_left() -> None:
    progress = Progress("Loading", 200, 1000, NOW - timedelta(seconds=10), NOW)
    assert (progress.share, progress.rate, progress.left) == (0.2, 20.0, timedelta(seconds=40))
    unknown = Progress("Loading", 200, None, NOW, NOW)
    assert (unknown.share, unknown.rate, unknown.left) == (None, None, None)


def test_a_row_of_another_length_is_a_mistake() -> None:
    table = Table([Column("A"), Column("B")], [[1]], Empty("Nothing"))
    with pytest.raises(ValueError, match="shorter"):
        table.drawn()


def test_plain_values_become_cells() -> None:
    table = Table([Column("A", "number")], [[1], [Cell(2, url="/two/")]], Empty("Nothing"))
    assert [row[0][1] for row in table.drawn()] == [Cell(1), Cell(2, url="/two/")]


def test_a_filter_knows_the_words_of_its_choice() -> None:
    stage = Filter("stage", "Stage", [Choice("new", "New")], chosen="new")
    assert stage.chosen_title == "New"
    assert Filter("stage", "Stage", [], chosen="odd").chosen_title == "odd"


def test_flows_are_drawn_between_two_sides_and_open_from_the_table() -> None:
    nodes = [
        Node("0:new", "New", "#4a8fd6", 0),
        Node("1:new", "New", "#4a8fd6", 1),
        Node("1:x", "X", "#fff", 1),
    ]
    flows = [Flow("0:new", "1:new", 3, "/three"), Flow("0:new", "1:x", 0, "/none")]
    sankey = Sankey("s", "Flows", nodes, flows, "From", "To", "Customers", summary="in May")
    (series,) = sankey.payload["option"]["series"]
    assert [node["name"] for node in series["data"]] == ["0:new", "1:new", "1:x"]
    assert series["links"] == [{"source": "0:new", "target": "1:new", "value": 3}]
    assert [(row[0], row[1], row[2].value, row[2].url) for row in sankey.table().rows] == [
        ("New", "New", 3, "/three"),
        ("New", "X", 0, "/none"),
    ]
    assert (sankey.description, sankey.is_empty) == ("Flows in May", False)
    assert Sankey("s", "Flows", nodes, flows[1:], "From", "To", "Customers").is_empty


def test_values_of_a_chart_open_what_is_behind_them_in_its_table() -> None:
    chart = Chart("c", "C", ["a", "b"], [Series("n", [1, 2], urls=["/1", "/2"]), Series("m", [3, 4])])
    assert [[cell.url for cell in row[1:]] for row in chart.table().rows] == [["/1", ""], ["/2", ""]]
