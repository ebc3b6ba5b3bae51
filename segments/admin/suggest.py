"""Values in use, for the inputs of the builder."""

import json
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext_lazy

from config.kit.admin import OperatorPage
from segments import registry
from segments.registry import Field
from segments.rules.paths import LONGEST_PATH
from segments.services.suggesting import Offer, attribute_values, event_values, field_values
from users.models import Role


class Suggestions(OperatorPage):
    """Answers ``{"values": [{"value", "label", "count"}]}``: for a field or collection by ``name``; for a property by
    ``source`` and ``name``, or ``event`` and ``property`` (a JSON path); for an ``attribute`` (a JSON path); the
    names of an event's properties by ``source`` and ``event`` alone."""

    title = gettext_lazy("Suggestions")
    roles_that_see = roles_that_act = (Role.OPERATOR,)
    http_method_names = ["get"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return JsonResponse({"values": list(self._values())})

    def _values(self) -> Iterator[dict[str, Any]]:
        for offer in self._offers():
            yield {"value": offer.value, "label": offer.label, "count": offer.count}

    def _offers(self) -> Iterator[Offer]:
        typed, event = self._said("typed")[:100], self._said("event")
        if self._said("attribute"):
            path = read_path(self._said("attribute"))
            yield from attribute_values(path, typed) if path else ()
        elif self._said("property"):
            path = read_path(self._said("property"))
            yield from event_values(event, path, typed) if path else ()
        elif field := self._field():
            yield from field_values(field, typed, self.now)
        else:
            yield from (Offer(value, value, 0) for value in self._registered(typed, event))

    def _field(self) -> Field | None:
        return None if self._said("source") else registry.fields.get(self._said("name"))

    def _registered(self, typed: str, event: str) -> Any:
        source = registry.sources.get(self._said("source"))
        name = self._said("name")
        if source is not None and not name:
            return source.suggest_property(event) if source.suggest_property else ()
        asked = source.properties.get(name) if source else registry.collections.get(name)
        return asked.suggest(typed) if asked is not None and asked.suggest else ()

    def _said(self, name: str) -> str:
        return self.request.GET.get(name, "").replace("\0", "")


def read_path(text: str) -> list[str]:
    """A path as rules write it, as JSON: a name or a list of names; what is none of these is no path."""
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError):
        return []
    path = raw if isinstance(raw, list) else [raw]
    is_path = len(path) <= LONGEST_PATH and all(
        isinstance(part, str) and part and "\0" not in part for part in path
    )
    return path if is_path else []
