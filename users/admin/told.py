"""Names that programs write into the audit trail and into the results of jobs, in the reader's words."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from config.kit import told, words
from config.kit.given_names import as_read
from users.models import Channel, Role, Scope
from users.shop import settings

# What an act was about (audit trail) …
FIELDS = {
    "accepted": gettext_lazy("taken"),
    "active": pgettext_lazy("points", "Active"),
    "address": gettext_lazy("Address"),
    "algorithm": gettext_lazy("Hash"),
    "assignee": gettext_lazy("Assigned to"),
    "category": pgettext_lazy("of a product or a tag", "Category"),
    "channel": gettext_lazy("Channel"),
    "churned_after": gettext_lazy("Churned after (days)"),
    "closed": gettext_lazy("Closed"),
    "code": gettext_lazy("Code"),
    "columns": gettext_lazy("Columns"),
    "customers": gettext_lazy("Customers"),
    "folder": gettext_lazy("Folder"),
    "form": gettext_lazy("Kind"),
    "colour": gettext_lazy("Colour"),
    "currency": gettext_lazy("Currency"),
    "database": gettext_lazy("Database"),
    "customer": gettext_lazy("Customer"),
    "delivery": gettext_lazy("Delivery"),
    "description": gettext_lazy("What it is for"),
    "dormant_after": gettext_lazy("Dormant after (days)"),
    "entered": gettext_lazy("Entered"),
    "entries": gettext_lazy("Entries"),
    "events": gettext_lazy("Events"),
    "every_days": gettext_lazy("Every (days)"),
    "evidence": gettext_lazy("How we know"),
    "fields": gettext_lazy("Fields"),
    "filters": gettext_lazy("Filters"),
    "from": gettext_lazy("From"),
    "granted": gettext_lazy("Granted"),
    "group": gettext_lazy("Group"),
    "holdout_percent": gettext_lazy("Held out (%)"),
    "is_active": gettext_lazy("In force"),
    "is_on": gettext_lazy("Switched on"),
    "kept_by": gettext_lazy("Kept by"),
    "kind": gettext_lazy("Kind"),
    "left": gettext_lazy("Left"),
    "losses": gettext_lazy("Not sent"),
    "matched": gettext_lazy("Matched"),
    "advice": gettext_lazy("Advice"),
    "minutes": gettext_lazy("Minutes"),
    "months": gettext_lazy("Months"),
    "moved": gettext_lazy("Moved"),
    "name": gettext_lazy("Name"),
    "name_zh": gettext_lazy("Name in Chinese"),
    "new": pgettext_lazy("told for the first time", "New"),
    "number": gettext_lazy("Number"),
    "new_for": gettext_lazy("New for (days)"),
    "no_profiling": gettext_lazy("No profiling"),
    "refund_id": gettext_lazy("Refund"),
    "may": gettext_lazy("May"),
    "of": gettext_lazy("Of"),
    "on": gettext_lazy("Put on"),
    "orders": gettext_lazy("Orders"),
    "owed": gettext_lazy("Owed"),
    "path": gettext_lazy("Path"),
    "owner": gettext_lazy("Code owner"),
    "owner_kind": gettext_lazy("Kind of owner"),
    "parent": gettext_lazy("Belongs to"),
    "pending": gettext_lazy("Pending"),
    "platform": gettext_lazy("Platform"),
    "points": gettext_lazy("Points"),
    "points_per_unit": gettext_lazy("Points per unit of money"),
    "position": gettext_lazy("Order of use"),
    "product": gettext_lazy("Product"),
    "rate": gettext_lazy("Rate"),
    "reason": gettext_lazy("Reason"),
    "ref": gettext_lazy("Number"),
    "refused": gettext_lazy("refused"),
    "requests": gettext_lazy("Requests"),
    "returning_for": gettext_lazy("Returning for (days)"),
    "role": gettext_lazy("Role"),
    "rows": gettext_lazy("Rows"),
    "rule": gettext_lazy("Rule"),
    "scope": gettext_lazy("Scope"),
    "segment": gettext_lazy("Segment"),
    "segments": gettext_lazy("Segments"),
    "since": gettext_lazy("Since"),
    "sheet": gettext_lazy("Sheet"),
    "source": gettext_lazy("Source"),
    "skip": gettext_lazy("Leaving out what waited"),
    "slug": gettext_lazy("Short name"),
    "starts_at": gettext_lazy("Starts"),
    "state": gettext_lazy("State"),
    "sum": gettext_lazy("Sum"),
    "tag": gettext_lazy("Tag"),
    "taken": gettext_lazy("Taken"),
    "target": gettext_lazy("Leads to"),
    "threshold": gettext_lazy("From growth value"),
    "title": gettext_lazy("Title"),
    "to": gettext_lazy("To"),
    "topic": gettext_lazy("Topic"),
    "until": gettext_lazy("Until"),
    "utm_campaign": gettext_lazy("UTM campaign"),
    "utm_content": gettext_lazy("UTM content"),
    "utm_medium": gettext_lazy("UTM medium"),
    "utm_source": gettext_lazy("UTM source"),
    "utm_term": gettext_lazy("UTM term"),
    "version": gettext_lazy("Version"),
    "url": gettext_lazy("Address"),
    "way": gettext_lazy("Way"),
    "warranty_months": gettext_lazy("Warranty (months)"),
    "will_receive": gettext_lazy("Will receive"),
    "wording": gettext_lazy("Wording shown"),
}
# … and what a run of a job came to.
FIGURES = {
    "accepted": gettext_lazy("accepted by the channel"),
    "answers": gettext_lazy("stored answers removed"),
    "asked": gettext_lazy("set going"),
    "audited": gettext_lazy("segments compared"),
    "balances_off": gettext_lazy("balances that are off"),
    "bodies": gettext_lazy("bodies applied"),
    "bundles": gettext_lazy("copies removed"),
    "calls": gettext_lazy("calls"),
    "chunks": gettext_lazy("steps done"),
    "counted": gettext_lazy("counted"),
    "customers": gettext_lazy("customers"),
    "days": gettext_lazy("days counted"),
    "cuts": gettext_lazy("cuts measured"),
    "delivered": gettext_lazy("delivered"),
    "conversations": gettext_lazy("conversations removed"),
    "dead_letters": gettext_lazy("dead letters removed"),
    "dead_shop_deliveries": gettext_lazy("unreadable deliveries of shops removed"),
    "deliveries": gettext_lazy("messages or deliveries emptied"),
    "drifted": gettext_lazy("segments corrected"),
    "entered": gettext_lazy("entered"),
    "entries": gettext_lazy("entries"),
    "events": gettext_lazy("events"),
    "failed": gettext_lazy("failed"),
    "figures": gettext_lazy("figures"),
    "finished": gettext_lazy("finished"),
    "forgotten": gettext_lazy("old runs removed"),
    "handled": gettext_lazy("handled"),
    "ignored": gettext_lazy("traits left out"),
    "ips": gettext_lazy("IP addresses removed"),
    "items": gettext_lazy("items"),
    "job_runs": gettext_lazy("job runs removed"),
    "keys_off": gettext_lazy("bookings that are off"),
    "left": gettext_lazy("still to do"),
    "letters": gettext_lazy("dead letters removed"),
    "lifted": gettext_lazy("lifted"),
    "lost": gettext_lazy("answers lost"),
    "lots": gettext_lazy("lots"),
    "lots_off": gettext_lazy("lots that are off"),
    "ended": gettext_lazy("alarms ended"),
    "raised": gettext_lazy("alarms raised"),
    "mail": gettext_lazy("mails removed"),
    "mailed": gettext_lazy("mailed"),
    "more": gettext_lazy("more waits"),
    "moved": gettext_lazy("moved"),
    "opened": gettext_lazy("opened"),
    "orders": gettext_lazy("new orders"),
    "parked": gettext_lazy("parked"),
    "parts": gettext_lazy("parts of the demo"),
    "planned": gettext_lazy("planned"),
    "profiles": gettext_lazy("profiles"),
    "rebuilt": gettext_lazy("segments computed"),
    "refused": gettext_lazy("refused by the channel"),
    "released": gettext_lazy("waiting items let go"),
    "questions": gettext_lazy("questions of the reports asked"),
    "rows": gettext_lazy("rows"),
    "segments": gettext_lazy("segments"),
    "settled": gettext_lazy("settled"),
    "source_touches": gettext_lazy("visits through links removed"),
    "shop_deliveries": gettext_lazy("deliveries of shops removed"),
    "since": gettext_lazy("since"),
    "started": gettext_lazy("started"),
    "sum": gettext_lazy("sum of the books"),
    "touched": gettext_lazy("customers looked at"),
    "untried": gettext_lazy("not tried"),
    "visitors": gettext_lazy("visitors removed"),
}
VALUES = {
    **dict(Role.choices),
    **dict(Scope.choices),
    "answered": gettext_lazy("Answered"),
    "consents": gettext_lazy("Consents"),
    "costs": gettext_lazy("Costs"),
    "customers": gettext_lazy("Customers"),
    "list_members": gettext_lazy("Members of a list"),
    "orders": gettext_lazy("Orders"),
    "tags": gettext_lazy("Tags"),
    "cancelled": gettext_lazy("Cancelled"),
    "draft": gettext_lazy("Draft"),
    "finished": gettext_lazy("Finished"),
    "list": gettext_lazy("Fixed list"),
    "one_off": gettext_lazy("One-off"),
    "paused": gettext_lazy("Paused"),
    "recurring": gettext_lazy("Recurring"),
    "running": gettext_lazy("Running"),
    "scheduled": gettext_lazy("Scheduled"),
    "solved": gettext_lazy("Solved"),
    "waiting": gettext_lazy("Waiting for us"),
    "rule": gettext_lazy("Rule"),
    **dict(Channel.choices),
}
OF_CODES = ("role", "scope", "state", "kind", "channel")


def field_words(name: str) -> str:
    """The name of a field or setting; what nobody has named is shown with its underscores as spaces."""
    setting = settings.get(name)
    return str(FIELDS.get(name) or (setting and setting.sentence) or name.replace("_", " "))


def figure_words(name: str) -> str:
    """The name of a figure that a job reports."""
    return str(FIGURES.get(name) or name.replace("_", " "))


def value_words(name: str, value: Any) -> str:
    """A value in words: yes and no, states and roles by their names, lists in short, rules not at all."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return words.listed(value_words(name, one) for one in value[:5]) + (" …" if len(value) > 5 else "")
    if isinstance(value, dict):
        if told.is_told(value):
            return told.to_reader(value, "")
        numbers = [one for one in value.values() if isinstance(one, int)]
        whole = words.number(sum(numbers)) if len(numbers) == len(value) else " …"
        return whole if value else "–"
    if value == "":
        return "–"
    if name in OF_CODES and value in VALUES:
        return str(VALUES[value])
    return as_read(str(value))[:120]
