"""A category as rules ask for it: by any text that means it, with everything below it in the shop's tree."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import BooleanField, Exists, Func, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat
from django.db.models.lookups import In
from django.utils.translation import gettext_lazy

from segments.rules.arguments import OneText, Texts
from segments.rules.as_of import AsOf
from segments.rules.kinds import Kind, by_name, is_filled
from segments.rules.operators import (
    KNOWN,
    BeginsWith,
    ContainsNotText,
    ContainsText,
    Equals,
    IsAnyOf,
    NotEquals,
)
from segments.rules.operators import Value as X
from users.models import Category, CategoryName
from users.services.categories import BETWEEN

OFFERED = 50


class _Below(Func):
    """Whether a path lies below another."""

    function = "starts_with"
    output_field = BooleanField()


def meant_by(texts: Sequence[str]) -> "QuerySet[CategoryName, Any]":
    """Every text that means one of these categories or one below them."""
    path = OuterRef("category__path")
    tops = Category.objects.filter(names__text__in=texts).filter(
        Q(path=path) | Q(_Below(path, Concat("path", Value(BETWEEN))))
    )
    return CategoryName.objects.filter(Exists(tops)).values("text")


def within(x: X, texts: Sequence[str]) -> Q:
    """The text ``x`` is one of these, or means a category within them."""
    return Q(In(x, list(texts))) | Q(In(x, meant_by(texts).query))


class InCategory(Equals):
    """The category or one below it."""

    def where(self, x: X, value: Any, as_of: AsOf) -> Q:
        return within(x, [value])


class NotInCategory(NotEquals):
    """Neither the category nor one below it."""

    def where(self, x: X, value: Any, as_of: AsOf) -> Q:
        return within(x, [value])


class InAnyCategory(IsAnyOf):
    """One of the categories or of those below them."""

    def where(self, x: X, value: Any, as_of: AsOf) -> Q:
        return within(x, value)


class InNoCategory(InAnyCategory):
    """None of the categories, nor of those below them."""

    name: ClassVar[str] = "is_none_of"
    label = gettext_lazy("is none of")
    argument = Texts()
    negates = True
    pattern = gettext_lazy("%(field)s is not %(value)s")


CATEGORY = Kind(
    "category",
    by_name(
        InCategory(OneText()), NotInCategory(OneText()), InAnyCategory(), InNoCategory(), ContainsText(),
        ContainsNotText(), BeginsWith(), *KNOWN,
    ),
    is_filled,
    is_text=True,
)  # fmt: skip


def category_paths(typed: str) -> Sequence[str]:
    """Paths of categories that contain what was typed."""
    found = Category.objects.filter(path__icontains=typed).order_by("path")
    return list(found.values_list("path", flat=True)[:OFFERED])
