"""Values to offer in the builder's inputs: those that are in use."""

from collections.abc import Callable, Sequence

from django.db.models import Model, Q
from django.utils.translation import get_language

from users.models import Customer, EventType, Product, Tag, Topic
from users.models import Event as EventRow

OFFERED = 50


def in_use(path: str) -> Callable[[str], Sequence[str]]:
    """Offers the values that customers have in a text column."""

    def suggest(typed: str) -> Sequence[str]:
        found = Customer.objects.filter(**{f"{path}__istartswith": typed}).exclude(**{path: ""})
        return list(found.order_by(path).values_list(path, flat=True).distinct()[:OFFERED])

    return suggest


def in_use_of(model: type[Model], path: str) -> Callable[[str], Sequence[str]]:
    """Offers the values that stand in a text column of another table."""

    def suggest(typed: str) -> Sequence[str]:
        found = model._default_manager.filter(**{f"{path}__istartswith": typed}).exclude(**{path: ""})
        return list(found.order_by(path).values_list(path, flat=True).distinct()[:OFFERED])

    return suggest


def topic_names() -> dict[str, str]:
    """What customers may refuse and what they may not, in the language of the reader."""
    chinese = (get_language() or "").startswith("zh")
    topics = Topic.objects.order_by("pk").values_list("slug", "name", "name_zh")
    return {slug: (name_zh if chinese else "") or name for slug, name, name_zh in topics}


def tag_names(typed: str) -> Sequence[str]:
    """Names of tags."""
    return list(
        Tag.objects.filter(name__istartswith=typed).order_by("name").values_list("name", flat=True)[:OFFERED]
    )


def categories(typed: str) -> Sequence[str]:
    """Categories of products."""
    found = Product.objects.filter(category__istartswith=typed).exclude(category="")
    return list(found.order_by("category").values_list("category", flat=True).distinct()[:OFFERED])


def products(typed: str) -> Sequence[str]:
    """Product ids, by the beginning of the id or the name."""
    found = Product.objects.filter(Q(product_id__istartswith=typed) | Q(name__istartswith=typed))
    return list(found.order_by("product_id").values_list("product_id", flat=True)[:OFFERED])


def event_properties(name: str | None) -> Sequence[str]:
    """Property names seen in the last few events of that name."""
    kinds = EventType.objects.filter(name=name).values("pk")
    last = (
        EventRow.objects.filter(type__in=kinds)
        .order_by("-occurred_at")
        .values_list("properties", flat=True)[:OFFERED]
    )
    return sorted({key for properties in last for key in properties})
