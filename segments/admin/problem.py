"""What is wrong with a rule, in the words of the builder: operators see inputs, never the path inside the JSON."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.utils.translation import gettext as _

from config.kit.refusal import Refusal
from segments.rules.conditions import CONDITIONS
from segments.rules.reading import RuleRefusal

OUTCOMES = ("means_everyone", "means_no_one")


def problem_of(rule: Any, refusal: RuleRefusal) -> str:
    """The clause that says what is wrong, after the name of the input where the condition has several."""
    label = _input_at(rule, refusal.field or "root")
    if not label:
        return refusal.reason
    return _("%(input)s: %(reason)s") % {"input": label, "reason": refusal.reason}


@contextmanager
def refusals_in_words(rule: Any) -> Iterator[None]:
    """Refusals of a form: the builder marks the row, and the tick box stands beside what only it can allow."""
    try:
        yield
    except RuleRefusal as refusal:
        sentence = _("The rule is not complete: %(reason)s.") % {"reason": problem_of(rule, refusal)}
        raise Refusal(refusal.code, sentence) from None
    except Refusal as refusal:
        if refusal.code in OUTCOMES and refusal.field == "root":
            raise Refusal(refusal.code, refusal.message, field="means_everyone") from None
        raise


def _input_at(rule: Any, path: str) -> str:
    """What the builder writes before the input that a path ends at; "" where it writes nothing."""
    *way, last = re.findall(r"[^.\[\]]+", path)
    node = rule
    for step in way:
        try:
            node = node[int(step) if isinstance(node, list) else step]
        except (KeyError, IndexError, TypeError, ValueError):
            return ""
    begun = [kind for key, kind in CONDITIONS.items() if isinstance(node, dict) and key in node]
    form = begun[0].form() if begun else None
    inputs = form.inputs if form is not None else ()
    return next((str(one.label) for one in inputs if one.key == last), "")
