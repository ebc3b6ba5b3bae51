"""Events for the shop's back end: told, listed by kind or customer, their names, and what could not be taken."""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from config.kit import clock, strict_json
from config.kit.api import Page
from config.kit.refusal import NotFound, Refusal
from users.api.asked import InstantField, Query, Whose, customer_asked_for
from users.api.auth import ForServer
from users.api.idempotency import idempotent
from users.api.serializers import Strict
from users.models import DeadLetter, Event, EventType
from users.reports import event_names
from users.services import audit, dead_letters
from users.services.intake import at_once
from users.tracking.refusals import ITEM

MOST_EVENTS = 500
LONGEST_NAME = 200
VIEWED = OpenApiExample(
    "Two events",
    request_only=True,
    value={
        "events": [
            {"name": "Product Viewed", "user_id": "u-1001", "properties": {"product_id": "tea-7", "price": 130}},
            {"name": "Parcel Delivered", "user_id": "u-1001", "occurred_at": "2026-11-27T08:00:00Z",
             "message_id": "parcel-77"},
        ]
    },
)  # fmt: skip


class OfEvents(ForServer):
    """A view of events."""

    area = "events"


class EventToldSerializer(Strict):
    """Something that one customer did, or that happened to them."""

    name = serializers.CharField(max_length=LONGEST_NAME)
    customer = serializers.IntegerField(required=False, min_value=1)
    user_id = serializers.CharField(required=False, max_length=255)
    anonymous_id = serializers.CharField(required=False, max_length=255)
    occurred_at = serializers.DateTimeField(required=False, help_text="Without: now.")
    message_id = serializers.CharField(
        required=False, max_length=100, help_text="Makes it count once, for ever."
    )
    properties = serializers.DictField(required=False, child=serializers.JSONField(allow_null=True))


class NewEventsSerializer(Strict):
    """Up to 500 events, all of them or none. ``history``: they start no message or reward."""

    events = serializers.ListField(child=EventToldSerializer(), allow_empty=False, max_length=MOST_EVENTS)
    history = serializers.BooleanField(required=False, default=False)


class TakenSerializer(serializers.Serializer[Any]):
    """How many are new, and how many had been told before."""

    recorded = serializers.IntegerField()
    duplicates = serializers.IntegerField()


class EventSerializer(serializers.ModelSerializer[Event]):
    """An event. ``confirmed``: told by the shop or by us, not only by a browser."""

    customer = serializers.IntegerField(source="customer_id", read_only=True)
    name = serializers.CharField(source="type.name", read_only=True)
    properties = serializers.DictField(child=serializers.JSONField(), read_only=True)

    class Meta:
        model = Event
        fields = ("message_id", "name", "customer", "occurred_at", "received_at", "confirmed", "properties")
        read_only_fields = fields


class EventsQuery(Whose):
    """Which events: of a customer, or of one name."""

    name = serializers.CharField(required=False, max_length=LONGEST_NAME)
    since = InstantField(required=False)
    before = InstantField(required=False)


class Newest(Page):
    """The newest first."""

    ordering = ("-occurred_at", "customer_id", "message_id")


class Events(OfEvents, ListAPIView[Event]):
    """Events of a customer or of one name; POST tells some."""

    serializer_class = EventSerializer
    pagination_class = Newest
    queryset = Event.objects.none()
    query: ClassVar[Mapping[str, Collection[str]]] = {"GET": EventsQuery.names()}

    def get_queryset(self) -> QuerySet[Event]:
        asked = EventsQuery.of(self.request)
        customer = customer_asked_for(asked)
        if customer is None and "name" not in asked:
            raise Refusal(
                "too_many", _("Name a customer or an event: all events are too many."), field="name"
            )
        found = Event.objects.select_related("type")
        if customer is not None:
            found = found.filter(customer=customer)
        if "name" in asked:
            kind = EventType.objects.filter(name=asked["name"]).first()
            found = found.none() if kind is None else found.filter(type=kind)
        names = {"since": "occurred_at__gte", "before": "occurred_at__lt"}
        return found.filter(**{field: asked[name] for name, field in names.items() if name in asked})

    @extend_schema(operation_id="events", parameters=[EventsQuery])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The newest first. 400 `too_many` where neither a customer nor a name is given."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="events_tell",
        request=NewEventsSerializer,
        responses={201: TakenSerializer},
        examples=[VIEWED],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """As `track` with a server key, applied before the answer. All or none: refused by the first wrong one.

        Order events (`Order Completed` …) are taken, with amounts in major units as the tracking API has them.
        """
        asked = NewEventsSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        told, now = asked.validated_data, clock.now()
        names = at_once.names_of({one["customer"] for one in told["events"] if "customer" in one})
        events = [_event(one, position, names) for position, one in enumerate(told["events"])]
        items = list(
            {item["message_id"]: item for item in at_once.read_all(events, now=now, at="events")}.values()
        )
        done = at_once.tell(items, key=self.server.key_id, now=now, is_history=told["history"], at="events")
        audit.record("event.tell", by=None, actor=self.server.caller, after={"events": len(events)})
        answer = {"recorded": done.events, "duplicates": len(events) - done.events}
        return Response(TakenSerializer(answer).data, status=201)


def _event(told: dict[str, Any], position: int, names: dict[int, dict[str, str]]) -> dict[str, Any]:
    """As the tracking API has it; ``names``: of the customers who are named by number."""
    given = [name for name in ("user_id", "anonymous_id", "customer") if name in told]
    place = f"events.{position}"
    if not given or (len(given) > 1 and "customer" in given):
        raise Refusal(
            "one_customer",
            _("Name one customer: by user_id, anonymous_id or customer."),
            field=f"{place}.user_id",
        )
    if "customer" in told and told["customer"] not in names:
        raise NotFound(_("There is no such customer."), field=f"{place}.customer")
    event: dict[str, Any] = {"type": "track", "event": told["name"], "properties": told.get("properties", {})}
    if "customer" in told:
        event |= names[told["customer"]]
    keys = {"user_id": "userId", "anonymous_id": "anonymousId", "message_id": "messageId"}
    event |= {key: told[name] for name, key in keys.items() if name in told}
    if "occurred_at" in told:
        event["timestamp"] = told["occurred_at"].isoformat()
    return event


class EventNameSerializer(serializers.Serializer[Any]):
    """A name of events. ``events``: how many, counted up to 10,000; ``is_more``: there are more."""

    name = serializers.CharField()
    events = serializers.IntegerField()
    is_more = serializers.BooleanField()
    first_seen_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField(allow_null=True)
    is_activity = serializers.BooleanField()
    is_internal = serializers.BooleanField()


class EventNames(OfEvents):
    """The names of events."""

    @extend_schema(operation_id="event_names", responses=EventNameSerializer(many=True))
    def get(self, request: Request) -> Response:
        """All names that were ever told, in the order of the alphabet, with when each happened last."""
        return Response(EventNameSerializer(event_names.event_names(), many=True).data)


class LetterSerializer(serializers.ModelSerializer[DeadLetter]):
    """What could not be taken. ``reason`` in words, ``item`` as it came (a text where it cannot be read)."""

    key = serializers.CharField(source="key.name", default=None, allow_null=True, read_only=True)
    reason = serializers.SerializerMethodField()
    item = serializers.SerializerMethodField()

    class Meta:
        model = DeadLetter
        fields = (
            *("id", "code", "field", "reason", "detail", "key", "confirmed", "is_history"),
            *("received_at", "parked_at", "item"),
        )
        read_only_fields = fields

    def get_reason(self, letter: DeadLetter) -> str:
        return str(ITEM.get(letter.code, letter.code))

    def get_item(self, letter: DeadLetter) -> Any:
        try:
            document = strict_json.parse(letter.item.encode())
            strict_json.weigh(document.value, clean=document.clean)
        except strict_json.Flaw:
            return letter.item
        return document.value


class LettersQuery(Query):
    """Which of them."""

    code = serializers.ChoiceField(required=False, choices=list(ITEM))


class LastParked(Page):
    """What was parked last first."""

    ordering = ("-parked_at", "-id")


class Letters(OfEvents, ListAPIView[DeadLetter]):
    """What was refused or could not be applied and waits."""

    serializer_class = LetterSerializer
    pagination_class = LastParked
    queryset = DeadLetter.objects.none()
    query: ClassVar[Mapping[str, Collection[str]]] = {"GET": LettersQuery.names()}

    def get_queryset(self) -> QuerySet[DeadLetter]:
        return dead_letters.waiting().select_related("key").filter(**LettersQuery.of(self.request))

    @extend_schema(operation_id="dead_letters", parameters=[LettersQuery])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


@extend_schema_view(get=extend_schema(operation_id="dead_letter", responses=LetterSerializer))
class OneLetter(OfEvents):
    """One that waits."""

    def get(self, request: Request, letter_id: int) -> Response:
        found = dead_letters.waiting().select_related("key").filter(pk=letter_id).first()
        if found is None:
            raise NotFound(_("There is no such thing."))
        return Response(LetterSerializer(found).data)


class ReplaySerializer(Strict):
    """Which to send in again."""

    letters = serializers.ListField(
        child=serializers.IntegerField(min_value=1), allow_empty=False, max_length=dead_letters.MOST_AT_ONCE
    )


class ReplayedSerializer(serializers.Serializer[Any]):
    """How many were taken, and how many are refused still."""

    accepted = serializers.IntegerField()
    refused = serializers.IntegerField()


class Replay(OfEvents):
    """Sending in again."""

    @extend_schema(
        operation_id="dead_letters_replay", request=ReplaySerializer, responses={202: ReplayedSerializer}
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """As they came: same key, same trust, same time. Those that do not wait any more are left out."""
        asked = ReplaySerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        done = dead_letters.replay(asked.validated_data["letters"], by=None, actor=self.server.caller)
        return Response(ReplayedSerializer(done).data, status=202)
