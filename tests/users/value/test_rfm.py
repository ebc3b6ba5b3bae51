"""Scores, bands and named groups."""

import pytest

from users import rfm


def test_scores_are_fifths_of_those_who_are_worse() -> None:
    assert [rfm.score(worse, 10) for worse in range(10)] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert rfm.score(0, 1) == 1


@pytest.mark.parametrize(
    ("value", "expected"), [(0, 1), (49.99, 1), (50, 2), (99, 2), (100, 3), (250, 4), (500, 5), (9e9, 5)]
)
def test_fixed_bands_begin_at_their_edge(value: float, expected: int) -> None:
    assert rfm.banded(value, (50, 100, 250, 500)) == expected


@pytest.mark.parametrize(
    ("days", "expected"), [(0, 5), (29.9, 5), (30, 4), (90, 3), (180, 2), (365, 1), (900, 1)]
)
def test_recency_falls_with_the_days(days: float, expected: int) -> None:
    assert rfm.banded_recency(days, (30, 90, 180, 365)) == expected


def test_every_cell_has_a_group_and_every_group_a_cell() -> None:
    cells = [cell for group in rfm.RfmGroup for cell in rfm.cells_of(group)]
    assert sorted(cells) == [(r, f) for r in rfm.SCORES for f in rfm.SCORES]
    assert all(rfm.cells_of(group) for group in rfm.RfmGroup)
    assert (rfm.group_of(5, 5), rfm.group_of(1, 1)) == (rfm.RfmGroup.CHAMPIONS, rfm.RfmGroup.LOST)


def test_edges_from_a_setting() -> None:
    assert rfm.read_edges("30, 90，180,365") == (30, 90, 180, 365)
    assert rfm.read_edges("20", None) == (20,)


@pytest.mark.parametrize(
    "text", ["", "30,90,180", "90,30,180,365", "a,b,c,d", "0,1,2,3", "nan,nan,nan,nan", "1,2,3,inf"]
)
def test_edges_that_cannot_be_meant(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        rfm.read_edges(text)
