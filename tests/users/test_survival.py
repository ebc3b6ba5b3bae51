"""How long something lasts, where not everybody is watched to the end: against another way to the same curve."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from users.survival import Lasting

lengths = st.dictionaries(st.integers(0, 30), st.integers(1, 5), max_size=6)


@given(ended=lengths, going_on=lengths)
@settings(max_examples=150, deadline=None)
def test_lasting_is_redistribution_to_the_right(ended: dict[int, int], going_on: dict[int, int]) -> None:
    """Kaplan-Meier a second way (Efron 1967): who leaves watching hands on their weight to those who stay."""
    people = sorted(
        [(d, 0) for d, n in ended.items() for _ in range(n)]
        + [(d, 1) for d, n in going_on.items() for _ in range(n)]
    )
    weights = [1 / len(people)] * len(people) if people else []
    for position, (_day, censored) in enumerate(people):
        later = len(people) - position - 1
        if censored and later:
            for after in range(position + 1, len(people)):
                weights[after] += weights[position] / later
            weights[position] = 0.0
    lasting = Lasting(ended, going_on)
    assert lasting.n == len(people)
    for day in range(33):
        gone = sum(w for w, (d, censored) in zip(weights, people, strict=True) if d < day and not censored)
        expected = gone if people else None
        assert lasting.ended_before(day) == (pytest.approx(expected) if people else None)
