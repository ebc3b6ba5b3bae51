"""Where users' tables and places may quote people, which texts are the shop's own, and how long things are kept."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.contrib.sessions.models import Session
from django.utils.translation import gettext_lazy as _

from users.keeping import keep
from users.models import (
    ActiveFigures,
    ApiKey,
    AttributeDefinition,
    AuditEntry,
    DeadLetter,
    EventType,
    IdempotencyRecord,
    IntakeBody,
    JobRun,
    LongJob,
    Operator,
    Product,
    ShopSetting,
    Storefront,
)
from users.privacy import Place, impersonal, place, quotes
from users.services import retention, scrub

# Where people may be quoted

quotes(IntakeBody, _("Accepted and not yet applied"), columns=("items",), clean=scrub.clean_bodies)
quotes(DeadLetter, _("Dead letters"), columns=("detail", "item"), clean=scrub.clean_letters)
quotes(IdempotencyRecord, _("Stored answers to calls"), columns=("answer",), clean=scrub.clean_answers)
quotes(AuditEntry, _("Audit trail"), columns=("target_name", "before", "after"), clean=scrub.clean_audit)
quotes(
    LongJob,
    _("Long jobs"),
    empties={"title": "", "step": "", "parameters": {}, "result": None, "error": ""},
)
quotes(JobRun, _("Runs of scheduled jobs"), empties={"result": None, "error": ""})

quotes(AttributeDefinition, _("Examples of custom attributes"), empties={"examples": []})

place(Place("redis", _("Cache and queues"), scrub.clean_redis))
place(Place("sink", _("Mails and text messages of the demo"), scrub.clean_sink))

# The shop's own words

impersonal(AttributeDefinition, "name", "label", "label_zh", why="names of custom attributes")
impersonal(ActiveFigures, "channel", "spread", why="numbers of customers by day")
impersonal(EventType, "name", why="names of kinds of events")
impersonal(Product, "name", "url", "image_url", why="the catalogue")
impersonal(ShopSetting, "value", why="what an operator set for the shop")
impersonal(Storefront, "allowed_origins", why="addresses of the shop's own pages")
impersonal(ApiKey, "may", why="what a key of the shop may do")
impersonal(Operator, "email", why="people who work in the shop, not customers")
impersonal(Session, "session_data", why="log-ins of operators")
impersonal(LogEntry, "object_id", "object_repr", "change_message", why="settings changed in generic forms")
impersonal(Authenticator, "data", why="second factors of operators")
impersonal(EmailAddress, "email", why="addresses of operators")
impersonal(Permission, "name", why="names of permissions")

# How long

keep(
    "visitors",
    _("Visitors who never said who they are"),
    _("Deleted with everything of theirs, counted from their last visit. Those with an order stay."),
    default=730,
    due=retention.due_visitors,
    remove=retention.remove_visitors,
)
keep(
    "events",
    _("Events"),
    _("What customers looked at and did. Days of activity, stages and orders stay, so reports stay right."),
    default=0,
    due=retention.due_events,
    remove=retention.remove_events,
)
keep(
    "letters",
    _("Dead letters"),
    _("Items that could not be applied, with what they said."),
    default=90,
    due=retention.counted("SELECT 1 FROM users_deadletter WHERE parked_at < %(cutoff)s"),
    remove=retention.deleting("users_deadletter", "parked_at < %(cutoff)s"),
)
keep(
    "ips",
    _("IP addresses in consents"),
    _("The answer stays, the address from which it came goes."),
    default=730,
    due=retention.counted("SELECT 1 FROM users_consent WHERE ip IS NOT NULL AND recorded_at < %(cutoff)s"),
    remove=retention.empty_ips,
)
keep(
    "mail",
    _("Mails and text messages of the demo"),
    _("Copies of what the demo shop sent to itself."),
    default=30,
    due=retention.due_mail,
    remove=retention.remove_mail,
)
