"""How often customers will buy again, and for how much: BG/NBD and Gamma-Gamma. Pure, on grouped data.

Customers who look alike are one group with a weight, and what depends on the number of purchases alone is computed
once per number, so that a fit costs what the groups cost, not what the customers do.

BG/NBD: P. S. Fader, B. G. S. Hardie, K. L. Lee, "Counting Your Customers" the Easy Way: An Alternative to the
Pareto/NBD Model, Marketing Science 24 (2005). Gamma-Gamma: P. S. Fader, B. G. S. Hardie, The Gamma-Gamma Model of
Monetary Value (2013). Times are weeks; x, t_x and T are repeat purchases, age at the last one, age.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit, gammaln, hyp2f1, psi

Floats = npt.NDArray[np.float64]
_SMALLEST, _LARGEST = np.log(1e-4), np.log(1e5)


class NoFit(ValueError):
    """The likelihood has no maximum that could be found in these data."""


@dataclass(frozen=True, slots=True)
class Purchases:
    """Groups of customers: repeat purchases ``x``, age at the last ``t_x``, age ``T``, how many they are."""

    x: Floats
    t_x: Floats
    T: Floats
    weight: Floats


@dataclass(frozen=True, slots=True)
class Spending:
    """Groups of customers with repeat purchases: their number ``x``, their mean value ``m``, the weight."""

    x: Floats
    m: Floats
    weight: Floats


@dataclass(frozen=True, slots=True)
class BgNbd:
    """The fitted BG/NBD model: purchases come at a rate Gamma(r, α), after each one leaves with Beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float

    def alive(self, x: Floats, t_x: Floats, T: Floats) -> Floats:  # noqa: N803 - the paper's letter
        """P(alive | x, t_x, T): one over one plus the odds of having left; 1 by construction where x = 0."""
        return 1 / (1 + self._odds_of_having_left(x, t_x, T))

    def expected(self, x: Floats, t_x: Floats, T: Floats, weeks: float) -> Floats:  # noqa: N803 - as above
        """E(purchases in the next ``weeks`` | x, t_x, T), the paper's equation (10)."""
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        until = alpha + T + weeks
        decay = ((alpha + T) / until) ** (r + x) * hyp2f1(r + x, b + x, a + b + x - 1, weeks / until)
        bought: Floats = (a + b + x - 1) / (a - 1) * (1 - decay)
        return bought / (1 + self._odds_of_having_left(x, t_x, T))

    def _odds_of_having_left(self, x: Floats, t_x: Floats, T: Floats) -> Floats:  # noqa: N803 - as above
        odds = (
            self.a / (self.b + np.maximum(x, 1) - 1) * ((self.alpha + T) / (self.alpha + t_x)) ** (self.r + x)
        )
        return np.where(x > 0, odds, 0.0)


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """The fitted Gamma-Gamma model of the value of a purchase; ``gamma`` in the unit of the values."""

    p: float
    q: float
    gamma: float

    def expected(self, x: Floats, m: Floats) -> Floats:
        """E(value of a purchase | x purchases of mean m), equation (5); ``m`` means nothing where x = 0."""
        value: Floats = self.p * (self.gamma + np.where(x > 0, m, 0.0) * x) / (self.p * x + self.q - 1)
        return value


def fit_bg_nbd(data: Purchases) -> BgNbd:
    """The maximum of the likelihood, equation (6). Raises NoFit."""
    x, weight = data.x, data.weight
    numbers, per_number = _per_number(x, weight)
    repeated = x > 0

    def loss(logs: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = np.exp(logs)
        log_age, log_last = np.log(alpha + data.T), np.log(alpha + data.t_x)
        stayed = -(r + x) * log_age
        left = np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * log_last
        share = np.where(repeated, expit(left - stayed), 0.0)  # of the likelihood that says: has left
        both = np.where(repeated, np.logaddexp(stayed, left), stayed)
        of_number = gammaln(r + numbers) - gammaln(r) + r * np.log(alpha)
        of_number += gammaln(a + b) + gammaln(b + numbers) - gammaln(b) - gammaln(a + b + numbers)
        value = per_number @ of_number + weight @ both
        gone, here = weight * share, weight * (1 - share)
        slope = np.array(
            [
                per_number @ (psi(r + numbers) - psi(r) + np.log(alpha)) - here @ log_age - gone @ log_last,
                weight.sum() * r / alpha
                - here @ ((r + x) / (alpha + data.T))
                - gone @ ((r + x) / (alpha + data.t_x)),
                per_number @ (psi(a + b) - psi(a + b + numbers)) + gone.sum() / a,
                per_number @ (psi(a + b) + psi(b + numbers) - psi(b) - psi(a + b + numbers))
                - gone @ (1 / (b + np.maximum(x, 1) - 1)),
            ]
        )
        return -value, -slope * np.exp(logs)

    return BgNbd(
        *_maximum(loss, weight.sum(), np.log([1.0, float(np.average(data.T, weights=weight)), 1.0, 2.0]))
    )


def fit_gamma_gamma(data: Spending) -> GammaGamma:
    """The maximum of the likelihood, equation (1a). Values must be positive. Raises NoFit."""
    x, m, weight = data.x, data.m, data.weight
    if not len(x):
        raise NoFit("nobody bought twice")
    numbers, per_number = _per_number(x, weight)
    log_m, total = weight @ np.log(m), m * x
    x_log_sum = weight @ (x * np.log(total))

    def loss(logs: Floats) -> tuple[float, Floats]:
        p, q, gamma = np.exp(logs)
        log_all = np.log(gamma + total)
        of_number = gammaln(p * numbers + q) - gammaln(p * numbers) - gammaln(q) + q * np.log(gamma)
        value = per_number @ of_number + p * x_log_sum - log_m - weight @ ((p * x + q) * log_all)
        slope = np.array(
            [
                per_number @ (numbers * (psi(p * numbers + q) - psi(p * numbers)))
                + x_log_sum
                - weight @ (x * log_all),
                per_number @ (psi(p * numbers + q) - psi(q) + np.log(gamma)) - weight @ log_all,
                weight.sum() * q / gamma - weight @ ((p * x + q) / (gamma + total)),
            ]
        )
        return -value, -slope * np.exp(logs)

    middle = float(np.average(m, weights=weight))
    return GammaGamma(*_maximum(loss, weight.sum(), np.log([2.0, 3.0, max(middle, 1e-3)])))


def _per_number(x: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """The different numbers of purchases, and how many customers have each."""
    numbers, where = np.unique(x, return_inverse=True)
    return numbers, np.bincount(where, weights=weight).astype(float)


def _maximum(
    loss: Callable[[Floats], tuple[float, Floats]], customers: float, start: Floats
) -> tuple[float, ...]:
    """Minimise the loss per customer over the logarithms of the parameters, all of which are positive."""

    def per_customer(logs: Floats) -> tuple[float, Floats]:
        value, slope = loss(logs)
        return value / customers, slope / customers

    found = minimize(
        per_customer,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(_SMALLEST, _LARGEST)] * len(start),
        options={"ftol": 1e-12, "gtol": 1e-7, "maxiter": 100},
    )
    if not np.isfinite(found.fun) or np.any(found.x <= _SMALLEST) or np.any(found.x >= _LARGEST):
        raise NoFit(str(found.message))
    return tuple(float(value) for value in np.exp(found.x))
