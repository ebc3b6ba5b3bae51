"""Conversations: one thread per customer and matter."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from users.models.keys import of_customer


class ConversationState(models.TextChoices):
    """``waiting``: for us. ``answered``: for the customer. ``solved``: done, reopened by a reply."""

    WAITING = "waiting", _("Waiting for us")
    ANSWERED = "answered", _("Answered")
    SOLVED = "solved", _("Solved")


class ConversationKind(models.TextChoices):
    QUESTION = "question", _("Question")
    COMPLAINT = "complaint", _("Complaint")
    IDEA = "idea", _("Idea")
    PRAISE = "praise", _("Praise")


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def waiting(self) -> "ConversationQuerySet":
        """Those that wait for us, the longest wait first."""
        return self.filter(state=ConversationState.WAITING).order_by("waiting_since")

    def late(self, now: datetime) -> "ConversationQuerySet":
        """Those whose answer is overdue."""
        return self.filter(state=ConversationState.WAITING, reply_due_at__lt=now)


class Conversation(models.Model):
    """A matter of one customer. ``waiting_since`` is when the oldest unanswered message came.

    ``first_reply_due_at`` (kept for the record) and ``reply_due_at`` (of the current wait) follow the
    inbox's business calendar; null when that never opens.
    """

    pk = models.CompositePrimaryKey("customer", "key")
    customer = of_customer("conversations")
    key = models.UUIDField()
    subject = models.CharField(_("subject"), max_length=200)
    kind = models.CharField(_("kind"), max_length=10, choices=ConversationKind.choices)
    origin = models.CharField(_("came by"), max_length=20)
    state = models.CharField(_("state"), max_length=10, choices=ConversationState.choices)
    assignee = models.ForeignKey(
        "users.Operator", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    opened_at = models.DateTimeField()
    waiting_since = models.DateTimeField(null=True)
    first_reply_due_at = models.DateTimeField(null=True)
    reply_due_at = models.DateTimeField(null=True)
    first_replied_at = models.DateTimeField(null=True)
    solved_at = models.DateTimeField(null=True)
    last_message_at = models.DateTimeField()

    objects = ConversationQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key"], name="conversation_key_once")]
        indexes = [
            models.Index(fields=["waiting_since"], name="conversation_waiting", condition=Q(state="waiting")),
            models.Index(fields=["-last_message_at"], name="conversation_recent"),
            # Rules about windows of time: when it began, when it was solved.
            models.Index(fields=["opened_at"], include=["customer"], name="conversation_opened"),
            models.Index(
                fields=["solved_at"],
                include=["customer"],
                name="conversation_solved",
                condition=Q(state="solved"),
            ),
        ]

    def __str__(self) -> str:
        return self.subject

    def is_late(self, now: datetime) -> bool:
        """Whether the answer the customer waits for is overdue."""
        return self.reply_due_at is not None and self.reply_due_at < now


class Message(models.Model):
    """One message of a conversation; ``is_note`` is for operators' eyes only."""

    pk = models.CompositePrimaryKey("customer", "conversation_key", "key")
    customer = of_customer("conversation_messages")
    conversation_key = models.UUIDField()
    key = models.CharField(max_length=100)
    from_customer = models.BooleanField()
    is_note = models.BooleanField(default=False)
    operator = models.ForeignKey("users.Operator", null=True, on_delete=models.SET_NULL, related_name="+")
    text = models.TextField()
    at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["conversation_key", "at"], name="message_by_conversation"),
            # Rules ask who wrote, or was answered, in a window of time.
            models.Index(
                fields=["from_customer", "at"],
                include=["customer"],
                name="message_time",
                condition=Q(is_note=False),
            ),
            models.Index(
                fields=["at"],
                name="message_to_mail",
                condition=Q(mailed_at__isnull=True, from_customer=False, is_note=False),
            ),
        ]


class BusinessCalendar(models.Model):
    """When the inbox is staffed, in shop zone, and how soon it answers (business minutes)."""

    name = models.CharField(_("name"), max_length=60)
    # weekday 0 (Monday) … 6 → list of ["HH:MM", "HH:MM"] spans; breaks are the gaps between them.
    hours = models.JSONField(_("hours"))
    # dates ("YYYY-MM-DD") on which nobody works.
    holidays = models.JSONField(_("holidays"), default=list, blank=True)
    first_reply_minutes = models.PositiveIntegerField(_("first reply within (minutes)"), default=60)

    class Meta:
        verbose_name = _("business calendar")
        verbose_name_plural = _("business calendars")

    def __str__(self) -> str:
        return self.name
