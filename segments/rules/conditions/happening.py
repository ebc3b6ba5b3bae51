"""The JSON of what happened: which source, which filters, which window, which measure."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from segments import registry
from segments.registry import Field, Source
from segments.rules.arguments import plain_number
from segments.rules.as_of import AsOf
from segments.rules.asking import read_operator, write_operator
from segments.rules.json_values import JsonType, json_value
from segments.rules.kinds import MONEY, NUMBER
from segments.rules.measures import MEASURES, Bounds, Measure, Of
from segments.rules.operators import Operator, Value
from segments.rules.paths import open_field, read_path, write_path
from segments.rules.reading import Reader
from segments.rules.windows import WINDOWS, Ever, Window, read_window
from segments.rules.words import Words
from users import facts

OPS = ("did", "did_not", "first", "last", *(name for name in MEASURES if name != "did"))
MOST_FILTERS = 10
LARGEST_COUNT = 1_000_000


@dataclass(frozen=True)
class Filter:
    """A condition on a property of what happened."""

    path: tuple[str, ...]
    source: Source
    operator: Operator
    value: Any

    @property
    def field(self) -> Field:
        """The property as a field over the source's rows."""
        named = named_property(self.source, self.path)
        return named or open_field(self.path, self.source.open_properties, self.operator, self.value)


@dataclass(frozen=True)
class Measured:
    """A measure, the property it is of, and its bounds."""

    measure: Measure
    bounds: Bounds
    of: tuple[str, ...] | None = None

    @property
    def is_once(self) -> bool:
        """Whether it only asks for one occurrence: no aggregate is needed then."""
        return self.measure.name in {"did", "days"} and self.bounds == Bounds(at_least=1)

    def x(self, source: Source, as_of: AsOf) -> Value | None:
        """The measured property as an expression over the source's rows."""
        if self.of is None:
            return None
        named = named_property(source, self.of)
        wanted: JsonType = "text" if self.measure.of == "text" else "number"
        return named.then(as_of).x if named else json_value(F(source.open_properties), self.of, wanted)

    def is_money(self, source: Source) -> bool:
        """Whether the figure is an amount in minor units."""
        if self.measure.of != "figure":
            return False
        named = named_property(source, self.of) if self.of else None
        return named is not None and named.kind.is_money

    def write(self) -> dict[str, Any]:
        """The JSON that reads back as it, beside ``op``."""
        written: dict[str, Any] = {} if self.of is None else {"of": write_path(self.of)}
        for key in ("at_least", "at_most"):
            bound = getattr(self.bounds, key)
            if bound is not None:
                written[key] = plain_number(bound)
        return written

    def phrase(self, source: Source, words: Words) -> str:
        """The measure and its bounds in words."""
        named = named_property(source, self.of) if self.of else None
        of = str(named.label) if named else " › ".join(self.of or ())
        return self.measure.phrase(self.bounds, of, self.is_money(source), words)


def named_property(source: Source, path: tuple[str, ...]) -> Field | None:
    """The property that the source declares under this name, if it does."""
    return source.properties.get(path[0]) if len(path) == 1 else None


def read_happening(reader: Reader) -> dict[str, Any]:
    """The parts of a ``Happened``. Raises Refusal."""
    source, event = read_source(reader)
    op = reader.at("op").one_of(OPS) if "op" in reader.mapping() else "did"
    _check_keys(reader, op)
    return {
        "source": source,
        "event": event,
        "op": op,
        "window": _window(reader, op),
        "where": read_filters(reader, source),
        "measured": _measured(reader, source, op) if op in MEASURES else None,
    }


def filters_json(where: tuple[Filter, ...]) -> list[dict[str, Any]]:
    """The JSON that reads back as these filters."""
    return [{"property": write_path(one.path), **write_operator(one.operator, one.value)} for one in where]


def read_source(reader: Reader) -> tuple[Source, str | None]:
    """What ``event`` or ``happened`` names, and the event's name. Raises Refusal."""
    if "event" in reader.mapping():
        return registry.sources["events"], _event_name(reader.at("event"))
    source = registry.sources.get(reader.at("happened").text())
    if source is None or source.name == "events":
        raise reader.at("happened").refusal("unknown_source", _("nothing of that name is recorded"))
    return source, None


def _event_name(reader: Reader) -> str:
    """A shopper's event; what we record ourselves touches no topic of its own and has better conditions."""
    name = reader.text()
    if name in facts.INTERNAL_EVENTS:
        raise reader.refusal(
            "internal_event", _("is recorded by Regulars: ask for orders, stage or segments")
        )
    return name


def _check_keys(reader: Reader, op: str) -> None:
    begin = "event" if "event" in reader.mapping() else "happened"
    optional = {"op", "where", *WINDOWS}
    if op in MEASURES:
        optional |= {"at_least", "at_most"} | ({"of"} if MEASURES[op].of else set())
    reader.only(required=(begin,), optional=optional)


def _window(reader: Reader, op: str) -> Window:
    window = read_window(reader)
    if isinstance(window, Ever) and op in {"first", "last"}:
        raise reader.refusal(
            "missing_key", _("needs a window: one of %(names)s") % {"names": ", ".join(WINDOWS)}
        )
    return window


def read_filters(reader: Reader, source: Source) -> tuple[Filter, ...]:
    """The filters under ``where``, if there are any. Raises Refusal."""
    if "where" not in reader.mapping():
        return ()
    return tuple(_filter(item, source) for item in reader.at("where").items(1, MOST_FILTERS))


def _filter(reader: Reader, source: Source) -> Filter:
    reader.only(required=("property", "op"), optional=("value",))
    path = read_path(reader.at("property"))
    field = _property(reader.at("property"), source, path)
    operator, value = read_operator(reader, field)
    return Filter(path, source, operator, value)


def _property(reader: Reader, source: Source, path: tuple[str, ...]) -> Field:
    field = named_property(source, path)
    if field is not None:
        return field
    if source.open_properties:
        return open_field(path, source.open_properties)
    known = ", ".join(source.properties)
    raise reader.refusal(
        "unknown_property", _("there is no such property (known: %(known)s)") % {"known": known}
    )


def _measured(reader: Reader, source: Source, op: str) -> Measured:
    measure = MEASURES[op]
    of = None
    if measure.of:
        if "of" not in reader.mapping():
            raise reader.refusal("missing_key", _("needs “%(key)s”") % {"key": "of"})
        of = _measurable(reader.at("of"), source, measure)
    return Measured(measure, _bounds(reader, source, measure, of), of)


def _measurable(reader: Reader, source: Source, measure: Measure) -> tuple[str, ...]:
    path = read_path(reader)
    field = _property(reader, source, path)
    if named_property(source, path) is None or measurable(field, measure.of):
        return path
    if measure.of == "text":
        raise reader.refusal("not_a_text", _("is not a text whose different values can be counted"))
    raise reader.refusal("not_a_number", _("is not a figure that can be added up"))


def measurable(field: Field, of: Of) -> bool:
    """Whether a property is of the kind that a measure needs: one value per row, a figure or a text."""
    if field.rows is not None:
        return False
    return field.kind in (NUMBER, MONEY) if of == "figure" else field.kind.is_text


def _bounds(reader: Reader, source: Source, measure: Measure, of: tuple[str, ...] | None) -> Bounds:
    given = {key: reader.at(key) for key in ("at_least", "at_most") if key in reader.mapping()}
    if not given and measure.name == "did":
        return Bounds(at_least=1)
    if not given:
        raise reader.refusal("missing_key", _("needs “at least” or “at most”"))
    named = named_property(source, of) if of else None
    bounds = Bounds(**{key: _bound(value, measure, named) for key, value in given.items()})
    if bounds.at_least is not None and bounds.at_most is not None and bounds.at_most < bounds.at_least:
        raise reader.at("at_most").refusal("bad_range", _("“at most” must not be smaller than “at least”"))
    if measure.of != "figure" and bounds == Bounds(at_least=0):
        raise reader.at("at_least").refusal("means_everyone", _("0 or more times is true of everyone"))
    return bounds


def _bound(reader: Reader, measure: Measure, named: Field | None) -> int | Decimal:
    if measure.of != "figure":
        return reader.whole(0, LARGEST_COUNT)
    return reader.whole() if named is not None and named.kind.is_money else reader.number()
