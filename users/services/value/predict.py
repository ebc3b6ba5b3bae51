"""The steps that are models: fitting, what silence meant for others before, predictions for everybody in slices."""

from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from config.kit import clock
from config.kit.batches import copy_rows, execute, fetch, fetch_numbers, temporary_table
from users import rfm, shop
from users.bands import minor_per_major
from users.btyd import BgNbd, Floats, GammaGamma, NoFit, Purchases, Spending, fit_bg_nbd, fit_gamma_gamma
from users.evidence import churn_weights
from users.models import ModelFit, ValueDay
from users.services.sql import statement
from users.services.value.run import Run
from users.services.value.steps import end_of_slice

SLICE = 25_000
CALIBRATION_PARTS = 4
WEEK = 7
YOUNGEST = timedelta(days=180)
MOST_HELD_OUT = 180
REPEATS_SHOWN = 7
SILENCES = (0, 7, 14, 30, 60, 90, 180, 365)
"""Days of silence from which a band of past customers begins."""
FEWEST_PAST = 30
"""A share of fewer past customers than that is not known yet."""


def fit(run: Run, after: int) -> int | None:
    """Fit both models on today's customers, or say why there is none; then hold them against what came."""
    if after > CALIBRATION_PARTS:
        _calibrate(ModelFit.objects.get(day=run.day), run)
        return None
    if after:
        execute(statement("value_calibration"), run.values | _held_out(run) | {"part": after - 1})
        return after + 1
    found = ModelFit(day=run.day, fitted_at=clock.now())
    buyers, first_day = fetch("SELECT count(first_day), min(first_day) FROM users_customervalue")[0]
    found.customers = buyers
    if buyers < rfm.ENOUGH:
        found.reason = ModelFit.Reason.FEW
    elif run.day - first_day < YOUNGEST:
        found.reason = ModelFit.Reason.YOUNG
    else:
        try:
            fit_both(found, run)
        except NoFit:
            found.reason = ModelFit.Reason.NO_FIT
    ModelFit.objects.filter(day=run.day).delete()
    found.save()
    if found.reason:
        return None
    execute(statement("value_calibration_table"))
    return 1


def models_of(found: ModelFit | None) -> tuple[BgNbd, GammaGamma] | None:
    """The models of a fit; None where it has none."""
    if found is None or found.reason:
        return None
    figures = {name: getattr(found, name) for name in ("r", "alpha", "a", "b", "p", "q", "gamma")}
    assert None not in figures.values()
    spending = {name: figures.pop(name) for name in ("p", "q", "gamma")}
    return BgNbd(**figures), GammaGamma(**spending)


def fit_both(found: ModelFit, run: Run) -> None:
    """Read the groups, fit both models, put the parameters into ``found``. Raises NoFit."""
    read = fetch_numbers(
        "SELECT repeat_days::bigint, (last_day - first_day)::bigint, (%s - first_day)::bigint,"
        " greatest(repeat_mean, 0)::bigint * (repeat_days > 0)::int FROM users_customervalue"
        " WHERE first_day IS NOT NULL",
        [run.day],
        columns=4,
    )
    bought = fit_bg_nbd(purchases(grouped(read[:3])))
    x, mean, weight = grouped(read[[0, 3]][:, read[3] > 0])
    found.spenders = int(weight.sum())
    spending = fit_gamma_gamma(Spending(x, mean / minor_per_major(), weight))
    for name in BgNbd.__dataclass_fields__:
        setattr(found, name, getattr(bought, name))
    for name in GammaGamma.__dataclass_fields__:
        setattr(found, name, getattr(spending, name))


def grouped(columns: npt.NDArray[np.int64]) -> Floats:
    """Customers who are alike in every column once each, in order, with their number as a last column."""
    key = columns[0].copy()
    widths = [int(column.max(initial=0)) + 1 for column in columns]
    for column, width in zip(columns[1:], widths[1:], strict=True):
        key = key * width + column
    keys, weight = np.unique(key, return_counts=True)
    parts: list[npt.NDArray[np.int64]] = []
    for width in reversed(widths[1:]):
        keys, part = np.divmod(keys, width)
        parts.insert(0, part)
    return np.stack([keys, *parts, weight]).astype(float)


def purchases(columns: Floats) -> Purchases:
    """Columns (repeat days, days to the last, days of age, how many) as groups in weeks."""
    x, last, age, weight = columns
    return Purchases(x, last / WEEK, age / WEEK, weight)


def _calibrate(found: ModelFit, run: Run) -> None:
    """Fit on what was known some time ago, and hold what was expected against what came."""
    held_out = _held_out(run)["days"]
    rows = fetch(
        "SELECT x, t_x, age, sum(customers)::bigint, sum(later)::bigint FROM users_value_past GROUP BY 1, 2, 3"
    )
    execute("DROP TABLE users_value_past")
    if sum(row[3] for row in rows) < rfm.ENOUGH:
        return
    known = purchases(np.array(rows, dtype=float).T[:4])
    try:
        model = fit_bg_nbd(known)
    except NoFit:
        return
    expected = model.expected(known.x, known.t_x, known.T, held_out / WEEK) * known.weight
    actual = np.array([row[4] for row in rows], dtype=float)
    found.held_out_days = held_out
    found.calibration = [
        _calibration_row(repeats, known, expected, actual) for repeats in range(REPEATS_SHOWN + 1)
    ]
    found.save(update_fields=["held_out_days", "calibration"])


def _held_out(run: Run) -> dict[str, Any]:
    """How many days are held out, since when, and in how many parts the time before is read."""
    [(first_day,)] = fetch("SELECT min(first_day) FROM users_customervalue")
    days = min(MOST_HELD_OUT, (run.day - first_day).days // 3)
    return {"days": days, "cutoff": run.day - timedelta(days=days), "parts": CALIBRATION_PARTS}


def _calibration_row(repeats: int, known: Purchases, expected: Floats, actual: Floats) -> dict[str, Any]:
    """Customers with that many repeat purchases (the last row: or more), expected and actual in all."""
    here = known.x >= repeats if repeats == REPEATS_SHOWN else known.x == repeats
    return {
        "repeats": repeats,
        "customers": int(known.weight[here].sum()),
        "expected": round(float(expected[here].sum()), 2),
        "actual": int(actual[here].sum()),
    }


def silence(run: Run, after: int) -> int | None:
    """What became of past customers at each length of silence, slice by slice, kept with the day."""
    day = ValueDay.objects.get(day=run.day)
    bands = {} if after == 0 else {row["from"]: row for row in day.figures["silence"]}
    last = end_of_slice("users_customer", "id", after)
    if last is not None:
        values = run.values | {"silences": list(SILENCES), "after": after, "last": last}
        for band, count, away in fetch(statement("value_silence"), values):
            if band:
                begin = SILENCES[band - 1]
                row = bands.setdefault(begin, {"from": begin, "customers": 0, "stayed_away": 0})
                row["customers"] += count
                row["stayed_away"] += away
    day.figures["silence"] = [bands[begin] for begin in SILENCES if begin in bands]
    day.save(update_fields=["figures"])
    return last


def predictions(run: Run, after: int) -> int | None:
    """Predictions and churn risk of the next slice of customers."""
    rows = fetch(
        "SELECT v.customer_id, v.repeat_days, v.last_day - v.first_day, %(day)s - v.first_day, v.repeat_mean,"
        " extract(epoch FROM %(as_of)s - s.last_activity_at)::float / 86400, c.no_profiling"
        " FROM users_customervalue v JOIN users_standing s USING (customer_id)"
        " JOIN users_customer c ON c.id = v.customer_id"
        " WHERE v.customer_id > %(after)s ORDER BY v.customer_id LIMIT %(most)s",
        run.values | {"after": after, "most": SLICE},
    )
    if not rows:
        return None
    models = models_of(ModelFit.objects.filter(day=run.day).first())
    guesses = guess(rows, models, risks_of_silence(ValueDay.objects.get(day=run.day)))
    temporary_table(
        "value_guess",
        "customer_id bigint PRIMARY KEY, orders numeric, per_order bigint, ltv bigint, alive smallint, risk smallint",
    )
    copy_rows("value_guess", ("customer_id", "orders", "per_order", "ltv", "alive", "risk"), guesses)
    execute("ANALYZE value_guess")
    weights = " UNION ALL ".join(
        f"SELECT customer_id, '{one.name}', {one.points} FROM ({one.statement}) AS {one.name} (customer_id)"
        for one in churn_weights
    )
    execute(
        statement("value_predictions").format(weights=weights or "SELECT 0::bigint, '', 0"),
        run.values | {"after": after, "last": rows[-1][0]},
    )
    return int(rows[-1][0])


def risks_of_silence(day: ValueDay) -> list[int | None]:
    """By band of ``SILENCES``: percent of past customers who stayed away; None where too few were followed."""
    known = {row["from"]: row for row in day.figures.get("silence", ())}
    return [
        round(100 * row["stayed_away"] / row["customers"])
        if (row := known.get(begin)) and row["customers"] >= FEWEST_PAST
        else None
        for begin in SILENCES
    ]


def guess(
    rows: list[tuple[Any, ...]], models: tuple[BgNbd, GammaGamma] | None, risks: list[int | None]
) -> list[tuple[Any, ...]]:
    """Per customer: id, expected orders, value of one and of all (minor units, whole major ones), alive, risk.

    Nothing is said of those who asked not to be profiled.
    """
    ids, x, t_x, age, mean, silent, shy = zip(*rows, strict=True)
    bands = np.searchsorted(SILENCES, np.maximum(np.array(silent, dtype=float), 0), side="right") - 1
    by_silence = [risks[band] for band in bands]
    if models is None:
        return [
            (pk, None, None, None, None, None if hidden else risk)
            for pk, hidden, risk in zip(ids, shy, by_silence, strict=True)
        ]
    bought, spent = models
    unit = minor_per_major()
    buys = np.array([one is not None for one in age])
    repeats = np.array(x, dtype=float)
    last, old = (np.array([one or 0 for one in days], dtype=float) / WEEK for days in (t_x, age))
    means = np.array([one or 0 for one in mean], dtype=float) / unit
    expected = bought.expected(repeats, last, old, shop.ltv_horizon.get() / WEEK)
    value = spent.expected(repeats, np.maximum(means, 0))
    alive = np.rint(100 * bought.alive(repeats, last, old)).astype(int)
    worth = np.rint(expected * value).astype(int) * unit
    per_order = np.rint(value).astype(int) * unit
    return [
        (pk, None, None, None, None, None)
        if shy[i]
        else (pk, None, None, None, None, by_silence[i])
        if not buys[i]
        else (
            pk,
            f"{expected[i]:.2f}",
            per_order[i],
            worth[i],
            alive[i] if x[i] else None,
            100 - alive[i] if x[i] else by_silence[i],
        )
        for i, pk in enumerate(ids)
    ]
