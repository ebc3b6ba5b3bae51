"""Events: what happened to one customer at one time, and what follows from them."""

from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from users.devices import DeviceKind
from users.models.keys import of_customer


class EventType(models.Model):
    """A kind of event. ``is_activity``: counts for stages and retention; ``is_internal``: recorded by us."""

    id = models.SmallAutoField(primary_key=True)
    name = models.CharField(_("name"), max_length=200, unique=True)
    is_activity = models.BooleanField(_("counts as activity"), default=False)
    is_internal = models.BooleanField(_("recorded by Regulars"), default=False)
    first_seen_at = models.DateTimeField()

    class Meta:
        verbose_name = _("event type")
        verbose_name_plural = _("event types")

    def __str__(self) -> str:
        return self.name


class Event(models.Model):
    """One thing that happened to one customer at one time; the message id makes it happen once.

    ``category`` and ``value`` are lifted out of ``properties`` (product category; value, revenue or total
    as a number) because rules filter and sum them; the index covers them. ``device``: the kind of device that the
    context told of; null where it told nothing, as calls of a back end. ``confirmed``: said by a server
    key, a verified webhook or ourselves.
    """

    pk = models.CompositePrimaryKey("customer", "message_id")
    customer = of_customer("events")
    message_id = models.CharField(max_length=150)
    type = models.ForeignKey(
        EventType, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    confirmed = models.BooleanField(default=False)
    category = models.CharField(max_length=100, null=True)
    value = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    device = models.CharField(max_length=7, choices=DeviceKind.choices, null=True)
    properties = models.JSONField(default=dict)

    class Meta:
        indexes = [
            # A window of one type is one contiguous slice; the included columns make it index-only.
            models.Index(
                fields=["type", "occurred_at"],
                include=["customer", "category", "value"],
                name="event_type_time",
            ),
            # One customer's timeline, newest first. The included columns let a rule that is asked again for a few
            # customers read nothing else: their events lie in as many places of the table as there are of them
            # (a refresh of fifty segments at 20 M events took 3.7 s without and 2.0 s with them).
            models.Index(
                fields=["customer", "-occurred_at"],
                include=["type", "category", "value"],
                name="event_timeline",
            ),
        ]


class CustomerDay(models.Model):
    """One customer's activity on one calendar day of the shop zone, with its first and last instant."""

    pk = models.CompositePrimaryKey("customer", "day")
    customer = of_customer("days")
    day = models.DateField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    events = models.IntegerField()

    class Meta:
        indexes = [models.Index(fields=["day"], include=["customer"], name="customerday_day")]


class Outbox(models.Model):
    """An event that a handler still has to see; deleted in the transaction in which the handler acted."""

    customer = models.ForeignKey(
        "users.Customer", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    message_id = models.CharField(max_length=150)
    handler = models.CharField(max_length=80)
    due_at = models.DateTimeField()
    attempts = models.SmallIntegerField(default=0)
    parked_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "message_id", "handler"], name="outbox_once")
        ]
        indexes = [models.Index(fields=["due_at"], name="outbox_due", condition=Q(parked_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.handler} ← {self.message_id}"


# Set by users.services.touch.as_history for the rest of a transaction.
IN_HISTORY = "coalesce(current_setting('regulars.history', true), '') = 'on'"


class Touched(models.Model):
    """A customer whose answer to rules on ``topic`` may have changed.

    Append-only and without a unique rule: an insert that met a row just being deleted would be lost.
    ``is_history``: what changed is history (imports, what came a day late), so memberships that change with
    it start nothing. The default asks the transaction, so that no writer inside an import can forget it.
    """

    customer = models.ForeignKey(
        "users.Customer", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    topic = models.CharField(max_length=20)
    is_history = models.BooleanField(db_default=RawSQL(IN_HISTORY, ()))

    def __str__(self) -> str:
        return f"{self.topic}: {self.customer_id}"
