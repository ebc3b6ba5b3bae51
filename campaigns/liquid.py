"""The template language of messages, fenced in: no loader, no objects, and a bound on every kind of growth.

Operators write these templates and customers' values flow through them, so a template may neither reach
Python nor run away. Loops, output, variables and depth are limited by the library once that is set; filters
that multiply text, lists or numbers are not, so only those named here exist.
"""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from liquid import BoundTemplate, Environment, StrictDefaultUndefined
from liquid.exceptions import LiquidError, ResourceLimitError

from config.kit.refusal import Refusal

FILTERS = frozenset(
    [
        "abs",
        "append",
        "at_least",
        "at_most",
        "capitalize",
        "ceil",
        "default",
        "divided_by",
        "downcase",
        "escape",
        "first",
        "floor",
        "last",
        "lstrip",
        "minus",
        "modulo",
        "newline_to_br",
        "plus",
        "prepend",
        "round",
        "rstrip",
        "size",
        "strip",
        "strip_html",
        "truncate",
        "truncatewords",
        "upcase",
        "url_encode",
    ]
)
TAGS = frozenset(
    [
        "#",
        "assign",
        "break",
        "capture",
        "case",
        "comment",
        "content",
        "continue",
        "cycle",
        "echo",
        "for",
        "if",
        "illegal",
        "output",
        "unless",
    ]
)
SOURCE_LIMIT = 200_000
PROBLEMS = (LiquidError, RecursionError, ArithmeticError)


class MessageEnvironment(Environment):
    """Liquid with limits: a message that passes one is refused, never sent in part."""

    loop_iteration_limit = 1_000
    output_stream_limit = 200_000
    local_namespace_limit = 50_000
    context_depth_limit = 10
    block_nesting_limit = 20

    def __init__(self, *, autoescape: bool) -> None:
        super().__init__(autoescape=autoescape, undefined=StrictDefaultUndefined)
        self.filters = {name: act for name, act in self.filters.items() if name in FILTERS}
        self.tags = {name: tag for name, tag in self.tags.items() if name in TAGS}


TEXT = MessageEnvironment(autoescape=False)
HTML = MessageEnvironment(autoescape=True)


def parse(source: str, environment: MessageEnvironment, *, field: str) -> BoundTemplate:
    """The template of ``source``. Raises Refusal with what is wrong with it."""
    if len(source) > SOURCE_LIMIT:
        raise Refusal("too_long", _("The text is too long."), field=field)
    try:
        return environment.from_string(source)
    except PROBLEMS as problem:
        raise _refusal(problem, field) from problem


def render(template: BoundTemplate, values: Mapping[str, object], *, field: str) -> str:
    """The text for these values. Raises Refusal when a value is missing or a limit is passed."""
    try:
        return template.render(**values)
    except PROBLEMS as problem:
        raise _refusal(problem, field) from problem


def _refusal(problem: Exception, field: str) -> Refusal:
    if isinstance(problem, (ResourceLimitError, RecursionError, ArithmeticError)):
        message = _(
            "The text does too much: a loop, a nesting or its output is larger than a message may be."
        )
        return Refusal("template_too_big", message, field=field)
    return Refusal(
        "bad_template", _("The text cannot be read: {problem}").format(problem=problem.args[0]), field=field
    )
