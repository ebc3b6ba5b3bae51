"""What a server key may do: areas of the storefront API, each with its acts; apps above lend theirs.

A key without a list of scopes may do everything, as the only kind of server key did before there were any.
"""

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit import words
from config.kit.refusal import Refusal
from config.kit.registry import Registry

READ, WRITE = "read", "write"
ACTS: dict[str, StrOrPromise] = {
    READ: gettext_lazy("read"),
    WRITE: gettext_lazy("read and change"),
    "export": gettext_lazy("copy everything held"),
    "erase": gettext_lazy("erase"),
}
"""The acts in words. To write is to read as well; to export and to erase are each by themselves."""

scopes: Registry[StrOrPromise] = Registry("scope")


def lend(area: str, title: StrOrPromise, acts: Sequence[str] = (READ, WRITE)) -> None:
    """Make the scopes of an area of the API known: ``orders:read``, ``orders:write``."""
    for act in acts:
        scopes.register(f"{area}:{act}", title)


def allows(held: Sequence[str], wanted: str) -> bool:
    """Whether a key with these scopes may do what asks for one; without any it may do everything."""
    area, _colon, act = wanted.partition(":")
    return not held or wanted in held or (act == READ and f"{area}:{WRITE}" in held)


def read(names: Iterable[str]) -> list[str]:
    """Scopes by name, in the order in which they are known. Refuses ``unknown_scope``."""
    wanted = set(names)
    if unknown := sorted(wanted - set(scopes.names())):
        raise Refusal(
            "unknown_scope", _("There is no scope “%(name)s”.") % {"name": unknown[0][:40]}, field="scope"
        )
    return [name for name in scopes.names() if name in wanted]


def in_words(name: str) -> str:
    """A scope as operators read it: "Orders: read"."""
    area, _colon, act = name.partition(":")
    title = scopes.get(name) or area
    return words.named(title, ACTS.get(act, act))


lend("customers", gettext_lazy("Customers"), (READ, WRITE, "export", "erase"))
lend("orders", gettext_lazy("Orders"))
lend("events", gettext_lazy("Events"))
lend("jobs", gettext_lazy("Imports, exports and jobs"))
