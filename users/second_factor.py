"""Who needs a second factor, and who still lacks it."""

from users.models import Operator
from users.powers import held_by
from users.shop import second_factor


def is_demanded_of(role: str) -> bool:
    """Whether somebody of that role must have one here: the shop demands it, and the role sends or exports."""
    return bool(held_by(role)) and second_factor.get() == 1


def is_missing(operator: Operator) -> bool:
    """Whether an operator may do nothing else before it is set up."""
    return operator.factor_at is None and is_demanded_of(operator.role)
