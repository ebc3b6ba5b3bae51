"""What callers ask in the address of a list: read once, strictly, and shown in the OpenAPI document."""

from collections.abc import Collection, Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from config.kit.api import Page
from config.kit.instants import instant
from users.models import Customer
from users.services.find import whom


class InstantField(serializers.CharField):
    """An instant with its zone: one without is refused, not guessed."""

    def to_internal_value(self, data: Any) -> Any:
        return instant(super().to_internal_value(data), field=str(self.field_name))


class Query(serializers.Serializer[Any]):
    """Parameters of an address; ``ForServer`` has refused the unknown ones. An empty one is refused, too."""

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The parameters, for a view's ``query``."""
        return tuple(cls._declared_fields)

    @classmethod
    def of(cls, request: Request, *, beside: Collection[str] = ()) -> dict[str, Any]:
        """What was asked, checked; what was not is absent. ``beside``: what somebody else reads."""
        beside = {"cursor", "limit", *beside} - set(cls._declared_fields)
        told = {name: value for name, value in request.query_params.items() if name not in beside}
        asked = cls(data=told)
        asked.is_valid(raise_exception=True)
        return dict(asked.validated_data)


class Whose(Query):
    """Of one customer."""

    customer = serializers.IntegerField(required=False, min_value=1, help_text="The customer's number.")
    user_id = serializers.CharField(required=False, max_length=255, help_text="The customer's userId.")


def customer_asked_for(asked: Mapping[str, Any]) -> Customer | None:
    """The customer of ``Whose``; None where none is named. Refuses both, and nobody."""
    named = {name: str(asked[name]) for name in ("customer", "user_id") if name in asked}
    return whom(named) if named else None


class Sync(Page):
    """A list for callers that keep a copy: by its ``usual`` order, with ``updated_since`` by the instant of the change.

    Whoever asks again from a minute before the last ``updated_at`` that they saw misses nothing: what was under way
    while they asked bears the instant at which it began.
    """

    usual: tuple[str, ...]
    changes: tuple[str, ...]

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        """By what is asked."""
        return self.changes if "updated_since" in request.query_params else self.usual
