"""The purchase and the spending model against the published figures of CDNOW, and against ``lifetimes``."""

from collections import Counter, defaultdict
from datetime import date
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import pytest
from lifetimes import BetaGeoFitter, GammaGammaFitter

from users import btyd
from users.services.demo.log import purchases_by_customer

END = date(1997, 9, 30)
SAMPLE = "lifetimes/datasets/CDNOW_sample.txt"


def sample() -> list[tuple[int, float, float, float]]:
    """(x, t_x, T, mean) of the 2,357 customers of the 1/10 sample, as of the end of the 39 weeks."""
    text = Path(str(distribution("lifetimes").locate_file(SAMPLE))).read_text()
    log = purchases_by_customer()
    summary = []
    for number in sorted({int(line.split()[0]) for line in text.splitlines() if line.strip()}):
        spent: dict[date, int] = defaultdict(int)
        for purchase in log[number]:
            if purchase.day <= END:
                spent[purchase.day] += purchase.cents
        first, *repeats = sorted(spent)
        mean = sum(spent[day] for day in repeats) / len(repeats) / 100 if repeats else 0.0
        last = repeats[-1] if repeats else first
        summary.append((len(repeats), (last - first).days / 7, (END - first).days / 7, mean))
    return summary


def grouped(rows: list[tuple[int, float, float, float]]) -> btyd.Purchases:
    counts = Counter(row[:3] for row in rows)
    table = np.array(list(counts), dtype=float)
    return btyd.Purchases(table[:, 0], table[:, 1], table[:, 2], np.array(list(counts.values()), dtype=float))


def spending(rows: list[tuple[int, float, float, float]]) -> btyd.Spending:
    counts = Counter((x, mean) for x, _last, _age, mean in rows if mean > 0)
    table = np.array(list(counts), dtype=float)
    return btyd.Spending(table[:, 0], table[:, 1], np.array(list(counts.values()), dtype=float))


def one(value: float) -> btyd.Floats:
    return np.array([value])


def test_the_published_parameters_of_the_purchase_model() -> None:
    rows = sample()
    model = btyd.fit_bg_nbd(grouped(rows))
    assert len(rows) == 2357
    assert [round(value, 3) for value in (model.r, model.alpha, model.a, model.b)] == [
        0.243,
        4.414,
        0.793,
        2.426,
    ]


def test_the_published_expectation_of_one_customer() -> None:
    model = btyd.fit_bg_nbd(grouped(sample()))
    assert round(float(model.expected(one(2), one(30.43), one(38.86), 39)[0]), 3) == 1.226


def test_the_published_parameters_of_the_spending_model() -> None:
    data = spending(sample())
    model = btyd.fit_gamma_gamma(data)
    assert data.weight.sum() == 946
    assert [round(value, 2) for value in (model.p, model.q, model.gamma)] == [6.25, 3.74, 15.44]


def test_lifetimes_says_the_same_of_everybody() -> None:
    rows = sample()
    x, last, age, mean = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    theirs = BetaGeoFitter()
    ours = btyd.fit_bg_nbd(grouped(rows))
    theirs.params_ = {"r": ours.r, "alpha": ours.alpha, "a": ours.a, "b": ours.b}
    assert ours.expected(x, last, age, 52) == pytest.approx(
        theirs.conditional_expected_number_of_purchases_up_to_time(52, x, last, age), rel=1e-9
    )
    assert ours.alive(x, last, age) == pytest.approx(
        theirs.conditional_probability_alive(x, last, age), rel=1e-9
    )
    spent, value = GammaGammaFitter(), btyd.fit_gamma_gamma(spending(rows))
    spent.params_ = {"p": value.p, "q": value.q, "v": value.gamma}
    assert value.expected(x, mean) == pytest.approx(
        spent.conditional_expected_average_profit(x, mean), rel=1e-9
    )


def test_alive_for_certain_by_construction_without_a_repeat_purchase() -> None:
    model = btyd.BgNbd(0.243, 4.414, 0.793, 2.426)
    assert model.alive(one(0), one(0), one(38)).tolist() == [1.0]


def test_the_value_of_somebody_with_one_purchase_is_that_of_the_crowd() -> None:
    model = btyd.GammaGamma(6.25, 3.74, 15.44)
    assert round(float(model.expected(one(0), one(99))[0]), 2) == round(6.25 * 15.44 / 2.74, 2)


def test_groups_mean_what_single_customers_mean() -> None:
    rows = sample()[:800]
    table = np.array([row[:3] for row in rows], dtype=float)
    single = btyd.fit_bg_nbd(btyd.Purchases(table[:, 0], table[:, 1], table[:, 2], np.ones(len(rows))))
    many = btyd.fit_bg_nbd(grouped(rows))
    assert (many.r, many.alpha, many.a, many.b) == pytest.approx(
        (single.r, single.alpha, single.a, single.b), rel=1e-4
    )


def test_no_fit_where_nobody_bought_twice() -> None:
    with pytest.raises(btyd.NoFit):
        btyd.fit_gamma_gamma(btyd.Spending(*(np.array([], dtype=float) for _ in range(3))))
