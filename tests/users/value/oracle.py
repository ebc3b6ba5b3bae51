"""The figures of the day a second time: plain Python, customer by customer, against everybody, slow and obvious."""

from collections import Counter
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from lifetimes import BetaGeoFitter, GammaGammaFitter

from tests.users.value.shop import ZONE, Somebody, day_of, most
from users.models import ModelFit

Figures = dict[str, Any]
GROUPS = {
    5: "newcomers promising loyal champions champions",
    4: "promising promising loyal loyal champions",
    3: "attention attention attention loyal loyal",
    2: "sleepy sleepy at_risk at_risk precious",
    1: "lost lost at_risk precious precious",
}
BRAND = {"Product Reviewed": "review", "Survey Answered": "survey"}
SILENCES = [0, 7, 14, 30, 60, 90, 180, 365]


def population(people: list[Somebody], as_of: datetime) -> list[Somebody]:
    return [one for one in people if one.known and not one.erased and one.instants[0] < as_of]


def figures(people: list[Somebody], as_of: datetime) -> dict[int, Figures]:
    """Everything but the predictions, by primary key."""
    everybody = population(people, as_of)
    found = {one.pk: of_one(one, as_of) for one in everybody}
    score_everybody(found, as_of)
    return found


def of_one(one: Somebody, as_of: datetime) -> Figures:
    orders = [order for order in one.counting if order.at < as_of]
    per_day: dict[date, int] = {}
    for order in orders:
        per_day[day_of(order.at)] = per_day.get(day_of(order.at), 0) + order.net
    days = sorted(per_day)
    repeats = days[1:]
    half_year = [order for order in orders if order.at >= as_of - timedelta(days=180)]
    year = [order for order in orders if order.at >= as_of - timedelta(days=365)]
    window = [order for order in orders if order.at >= as_of - timedelta(days=730)]
    count = len(half_year)
    return {
        "first_day": days[0] if days else None,
        "second_day": days[1] if repeats else None,
        "last_day": days[-1] if days else None,
        "repeat_days": len(repeats),
        "repeat_mean": whole(Decimal(sum(per_day[day] for day in repeats)) / len(repeats))
        if repeats
        else None,
        "orders_window": len(window),
        "net_window": sum(order.net for order in window),
        "revenue_year": sum(order.net for order in year),
        "order_band": "0" if not count else "1" if count == 1 else "2-5" if count <= 5 else "6+",
        "aov_band": aov_band(sum(order.net for order in orders) / len(orders)) if orders else "",
        "last_at": max((order.at for order in window), default=None),
        "favourite_category": "" if one.shy else favourite(one, as_of),
        "best_hour": None if one.shy else best_hour(one, as_of),
        "fan": "" if one.shy else fan(one, as_of),
        **leader(one, as_of),
    }


def whole(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))


def aov_band(average: float) -> str:
    return str(1 + sum(average >= edge for edge in (2000, 5000, 10_000, 20_000)))


def score_everybody(found: dict[int, Figures], as_of: datetime) -> None:
    buyers = {pk: row for pk, row in found.items() if row["orders_window"]}
    for pk, row in found.items():
        row |= {"r": None, "f": None, "m": None, "rfm_group": "", "top_orders": None, "top_revenue": None}
        if pk in buyers:
            if len(buyers) >= 500:
                scores = [fifth(row[name], [other[name] for other in buyers.values()])
                          for name in ("last_at", "orders_window", "net_window")]  # fmt: skip
            else:
                scores = [
                    5
                    - sum(
                        (as_of - row["last_at"]).total_seconds() / 86_400 >= edge
                        for edge in (30, 90, 180, 365)
                    ),
                    1 + sum(row["orders_window"] >= edge for edge in (2, 3, 5, 10)),
                    1 + sum(row["net_window"] >= edge for edge in (5000, 10_000, 25_000, 50_000)),
                ]
            row["r"], row["f"], row["m"] = scores
            row["rfm_group"] = GROUPS[scores[0]].split()[scores[1] - 1]
            row["top_orders"] = top(
                row["orders_window"], [other["orders_window"] for other in buyers.values()]
            )
        if row["revenue_year"] > 0:
            row["top_revenue"] = top(row["revenue_year"], [o["revenue_year"] for o in found.values()])
    core = core_of(found)
    for pk, row in found.items():
        row["is_core"] = pk in core


def fifth(value: Any, all_values: list[Any]) -> int:
    worse: int = sum(other < value for other in all_values)
    return 1 + (5 * worse) // len(all_values)


def top(value: int, all_values: list[int]) -> int:
    """The smallest N for which the value is among the top N % of those above zero, ties included."""
    ranked = sorted((other for other in all_values if other > 0), reverse=True)
    for n in range(1, 101):
        at_least = -(-n * len(ranked) // 100)  # the customers that N % are, rounded up
        if value >= ranked[at_least - 1]:
            return n
    raise AssertionError(value)


def core_of(found: dict[int, Figures]) -> set[int]:
    ranked = sorted(
        (pk for pk in found if found[pk]["revenue_year"] > 0), key=lambda pk: (-found[pk]["revenue_year"], pk)
    )
    total, sum_so_far, core = sum(found[pk]["revenue_year"] for pk in ranked), 0, set()
    for pk in ranked:
        if sum_so_far * 10 >= total * 8:
            break
        core.add(pk)
        sum_so_far += found[pk]["revenue_year"]
    return core


def favourite(one: Somebody, as_of: datetime) -> str:
    since = as_of - timedelta(days=180)
    bought = [line for order in one.counting if since <= order.at < as_of for line in order.lines]
    viewed = [category for name, at, category in one.acts if name == "Product Viewed" and since <= at < as_of]
    return most(bought) or most(viewed)


def best_hour(one: Somebody, as_of: datetime) -> int | None:
    zone = ZONE if one.zone in ("", "Mars/Olympus") else ZoneInfo(one.zone)
    hours = [at.astimezone(zone).hour for at in one.instants if as_of - timedelta(days=90) <= at < as_of]
    if len(hours) < 10:
        return None
    counts = Counter(hours)
    height = {h: 2 * counts[h] + counts[(h - 1) % 24] + counts[(h + 1) % 24] for h in range(24)}
    return min(height, key=lambda h: (-height[h], h))


def acts(one: Somebody, as_of: datetime, days: int) -> list[str]:
    return [name for name, at, _category in one.acts if as_of - timedelta(days=days) <= at < as_of]


def fan(one: Somebody, as_of: datetime) -> str:
    active = {day_of(at) for at in one.instants}
    first = day_of(one.counting[0].at) if one.counting else None
    settled = len(active) >= 5 or (first is not None and max(active) > first)
    if settled and len({BRAND[name] for name in acts(one, as_of, 90) if name in BRAND}) >= 2:
        return "brand"
    if acts(one, as_of, 28).count("Content Viewed") >= 4:
        return "content"
    return "passer_by" if len(active) == 1 and not one.counting else ""


def leader(one: Somebody, as_of: datetime) -> Figures:
    if one.shy:
        return {"leader_score": 0, "leader_parts": {}}
    done = Counter(acts(one, as_of, 365))
    parts = {"shares": done["Product Shared"], "reviews": done["Product Reviewed"]}
    return {
        "leader_score": 2 * parts["shares"] + 3 * parts["reviews"],
        "leader_parts": {name: times for name, times in parts.items() if times},
    }


# --- Predictions: the fitted parameters put into ``lifetimes`` ---------------------------------------------------


def predict(people: list[Somebody], found: dict[int, Figures], as_of: datetime, fit: ModelFit) -> None:
    """Add the predictions, given the parameters."""
    bought, spent = BetaGeoFitter(), GammaGammaFitter()
    bought.params_ = {"r": fit.r, "alpha": fit.alpha, "a": fit.a, "b": fit.b}
    spent.params_ = {"p": fit.p, "q": fit.q, "v": fit.gamma}
    risks = risk_by_silence(people, as_of)
    for one in population(people, as_of):
        row = found[one.pk]
        row |= dict.fromkeys(("expected_orders", "expected_value", "predicted_ltv", "p_alive", "churn_risk"))
        if one.shy:
            continue
        silent = max(0.0, (as_of - one.instants[-1]).total_seconds() / 86_400)
        row["churn_risk"] = risks[band(silent)]
        if row["first_day"] is None:
            continue
        x, age = row["repeat_days"], (day_of(as_of) - row["first_day"]).days / 7
        last = (row["last_day"] - row["first_day"]).days / 7
        orders = float(bought.conditional_expected_number_of_purchases_up_to_time(365 / 7, x, last, age))
        value = float(
            spent.conditional_expected_average_profit(
                np.array([x]), np.array([(row["repeat_mean"] or 0) / 100])
            )[0]
        )
        row["expected_orders"] = Decimal(f"{orders:.2f}")
        row["expected_value"] = round(value) * 100
        row["predicted_ltv"] = round(orders * value) * 100
        if x:
            row["p_alive"] = round(
                100 * float(np.ravel(bought.conditional_probability_alive(x, last, age))[0])
            )
            row["churn_risk"] = 100 - row["p_alive"]
    for row in found.values():
        row["top_ltv"] = (
            top(row["predicted_ltv"], [o["predicted_ltv"] or 0 for o in found.values()])
            if row["predicted_ltv"]
            else None
        )


def band(days: float) -> int:
    return max(begin for begin in SILENCES if begin <= days)


def risk_by_silence(people: list[Somebody], as_of: datetime) -> dict[int, int | None]:
    """Of those known half a year before: the share at each silence who stayed away, in percent."""
    then = as_of - timedelta(days=180)
    past: dict[int, list[bool]] = {begin: [] for begin in SILENCES}
    for one in people:
        before = [at for at in one.instants if at < then]
        if one.known and not one.erased and before:
            away = not any(then <= at < as_of for at in one.instants)
            past[band((then - before[-1]).total_seconds() / 86_400)].append(away)
    return {
        begin: round(100 * sum(away) / len(away)) if len(away) >= 30 else None for begin, away in past.items()
    }
