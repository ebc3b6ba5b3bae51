"""The values that messages may use: apps lend sources of them in ``merge_fields.py``.

A source is a namespace of named values, loaded for many customers with one query. A message that says
``{{ customer.first_name }}`` loads the source ``customer`` and no other.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django_stubs_ext import StrOrPromise

from config.kit.registry import Registry

Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class MergeField:
    """One value: its name inside the namespace, what it is, and an example (a number for a number)."""

    name: str
    sentence: StrOrPromise
    example: str | int


@dataclass(frozen=True, slots=True)
class MergeSource:
    """A namespace. ``load(customer_ids, now)`` gives each customer's values, every field present.

    A value that is not known is an empty string, so that ``default`` works on it.
    """

    namespace: str
    fields: tuple[MergeField, ...]
    load: Callable[[Sequence[int], datetime], Mapping[int, Values]]


sources: Registry[MergeSource] = Registry("merge source")


def merge_source(source: MergeSource) -> MergeSource:
    """Lend a namespace of values to messages."""
    return sources.register(source.namespace, source)


def is_known(path: str) -> bool:
    """Whether ``namespace.field`` names a lent value."""
    namespace, _, name = path.partition(".")
    source = sources.get(namespace)
    return source is not None and any(field.name == name for field in source.fields)


def examples() -> dict[str, Values]:
    """Every value's example, ready as the context of a message."""
    return {source.namespace: {field.name: field.example for field in source.fields} for source in sources}


def load_values(
    namespaces: Iterable[str], customer_ids: Sequence[int], now: datetime
) -> dict[int, dict[str, Values]]:
    """For each customer a mapping of namespaces, ready as the context of a message."""
    values: dict[int, dict[str, Values]] = {customer_id: {} for customer_id in customer_ids}
    for namespace in namespaces:
        loaded = sources[namespace].load(customer_ids, now)
        for customer_id in customer_ids:
            values[customer_id][namespace] = loaded[customer_id]
    return values
