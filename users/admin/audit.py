"""The audit trail: every act with who, when, on what, before and after."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from config.kit.admin import OperatorPage
from config.kit.given_names import as_read
from config.kit.paging import page
from config.kit.parts import Choice, Column, Crumb, Empty, Filter, Table
from users.admin.told import field_words, value_words
from users.models import AuditEntry, Export, LongJob, Operator, Role

# The two halves of "noun.verb"; what is not listed is shown as it stands.
NOUNS = {
    "acquisitionchannel": gettext_lazy("Acquisition channel"),
    "audience": gettext_lazy("Audience for a platform"),
    "api_key": gettext_lazy("API key"),
    "attribute": gettext_lazy("Custom attribute"),
    "campaign": gettext_lazy("Campaign"),
    "category": gettext_lazy("Category"),
    "channel": gettext_lazy("Acquisition channel"),
    "clue": gettext_lazy("Clue"),
    "consent": gettext_lazy("Consent"),
    "contact": gettext_lazy("Address"),
    "conversation": gettext_lazy("Conversation"),
    "costs": gettext_lazy("Costs"),
    "customer": gettext_lazy("Customer"),
    "dead_letter": gettext_lazy("Dead letter"),
    "event": gettext_lazy("Event"),
    "eventtype": gettext_lazy("Event type"),
    "exchange_rate": gettext_lazy("Exchange rate"),
    "export": gettext_lazy("Export"),
    "import": gettext_lazy("Import"),
    "job": gettext_lazy("Job"),
    "level": gettext_lazy("Level"),
    "lifecycle": gettext_lazy("Stage thresholds"),
    "operator": gettext_lazy("Operator"),
    "order": gettext_lazy("Order"),
    "points": gettext_lazy("Points"),
    "product": gettext_lazy("Product"),
    "retention": gettext_lazy("Retention times"),
    "rule": gettext_lazy("Earning rule"),
    "segment": gettext_lazy("Segment"),
    "sending": gettext_lazy("All sending"),
    "settings": gettext_lazy("Settings"),
    "shop_connection": gettext_lazy("Connected shop"),
    "shop_delivery": gettext_lazy("Delivery from a shop"),
    "source": gettext_lazy("Source code"),
    "storefront": gettext_lazy("Storefront"),
    "tag": gettext_lazy("Tag"),
    "topic": gettext_lazy("Topic"),
    "warranty": gettext_lazy("Warranty"),
    "webhook": gettext_lazy("Webhook"),
}
ACTORS = {
    "system": gettext_lazy("Regulars"),
    "presets": gettext_lazy("Ready segments"),
    "demo": gettext_lazy("Demo shop"),
}
VERBS = {
    "accept": gettext_lazy("accepted"),
    "add": gettext_lazy("added"),
    "adjust": gettext_lazy("adjusted"),
    "alarm": gettext_lazy("alarm"),
    "alarm_over": gettext_lazy("alarm over"),
    "approve": gettext_lazy("approved"),
    "ask": gettext_lazy("asked for"),
    "assign": gettext_lazy("assigned"),
    "backtest": gettext_lazy("asked about the past"),
    "cancel": gettext_lazy("cancelled"),
    "change": gettext_lazy("changed"),
    "check": gettext_lazy("checked without writing"),
    "close": gettext_lazy("closed"),
    "compute_again": gettext_lazy("computed again"),
    "create": gettext_lazy("created"),
    "delete": gettext_lazy("deleted"),
    "describe": gettext_lazy("described"),
    "discard": gettext_lazy("discarded"),
    "download": gettext_lazy("copy handed out"),
    "edit": gettext_lazy("edited"),
    "enable": gettext_lazy("switched on again"),
    "erase": gettext_lazy("erasure asked for"),
    "export": gettext_lazy("copy asked for"),
    "fill": gettext_lazy("being filled"),
    "fetch": gettext_lazy("handed out"),
    "group": gettext_lazy("put on or taken off a group"),
    "group_undo": gettext_lazy("taken back from a group"),
    "join": gettext_lazy("joined"),
    "keep": gettext_lazy("kept by a segment"),
    "leave_out": gettext_lazy("left out what was set aside"),
    "list": gettext_lazy("list handed out as a file"),
    "members": gettext_lazy("members named"),
    "merge": gettext_lazy("merged"),
    "move": gettext_lazy("moved"),
    "note": gettext_lazy("noted"),
    "pause": gettext_lazy("paused"),
    "place": gettext_lazy("placed"),
    "record": gettext_lazy("recorded"),
    "refund": gettext_lazy("money given back"),
    "register": gettext_lazy("registered"),
    "remove": gettext_lazy("removed what was due"),
    "rename": gettext_lazy("renamed"),
    "renew_secret": gettext_lazy("secret renewed"),
    "remove_factor": gettext_lazy("second factor taken off"),
    "renew_recovery": gettext_lazy("new recovery codes made"),
    "reset_factor": gettext_lazy("second factor reset"),
    "reopen": gettext_lazy("opened again"),
    "replay": gettext_lazy("sent in again"),
    "reply": gettext_lazy("answered"),
    "retire": gettext_lazy("stopped"),
    "run": gettext_lazy("carried out"),
    "restored": gettext_lazy("stopped: the database was restored from a dump"),
    "resume": gettext_lazy("resumed"),
    "revoke": gettext_lazy("revoked"),
    "set": gettext_lazy("set"),
    "set_factor": gettext_lazy("second factor set up"),
    "set_aside": gettext_lazy("set aside"),
    "sheet": gettext_lazy("another sheet chosen"),
    "solve": gettext_lazy("solved"),
    "start": gettext_lazy("started"),
    "state": gettext_lazy("state changed"),
    "switch": gettext_lazy("switched on or off"),
    "tag": gettext_lazy("tag put on"),
    "take_up": gettext_lazy("taken up again"),
    "tell": gettext_lazy("told by the back end"),
    "test_send": gettext_lazy("test sent"),
    "try": gettext_lazy("tried"),
    "untag": gettext_lazy("tag taken off"),
    "undo": gettext_lazy("undone"),
    "upload": pgettext_lazy("act", "uploaded"),
}


class AuditList(OperatorPage):
    """Newest first."""

    title = gettext_lazy("Audit trail")
    purpose = gettext_lazy("Who did what, with what was before and after. Nothing here can be changed.")
    template_name = "operator/list.html"
    roles_that_see = (Role.APPROVER, Role.ANALYST)

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the settings."""
        return [Crumb(gettext_lazy("Settings"), reverse("users:settings"))]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """One page of entries."""
        chosen = self.request.GET.get("by", "")
        rows = AuditEntry.objects.all()
        if chosen.isdecimal() and len(chosen) < 10:
            rows = rows.filter(operator_id=int(chosen))
        found = page(rows, ("-at", "-pk"), self.request.GET.get("cursor", ""))
        names = _worded(found.rows)
        people = [Choice(str(o.pk), str(o)) for o in Operator.objects.order_by("username")[:200]]
        return super().get_context_data(**kwargs) | {
            "filters": [Filter("by", _("Operator"), people, chosen)],
            "table": Table(
                columns=[
                    Column(_("When"), "time"),
                    Column(_("Who")),
                    Column(_("Act")),
                    Column(_("On what")),
                    Column(_("What changed")),
                ],
                rows=[
                    [
                        e.at,
                        actor_words(e.actor),
                        words_of(e.act),
                        names.get(e.pk) or as_read(e.target_name),
                        difference(e.before, e.after),
                    ]
                    for e in found.rows
                ],
                empty=Empty(_("Nothing has been done yet"), icon="history"),
                next=found.next,
                previous=found.previous,
            ),
        }


def actor_words(actor: str) -> str:
    """Who acted, where it was a part of Regulars; operators and keys by the name they had."""
    return str(ACTORS.get(actor, actor))


def _worded(entries: Sequence[AuditEntry]) -> dict[int, str]:
    """What jobs and exports are called in the reader's language; their entries hold the writer's words."""
    found: dict[int, str] = {}
    for model in (LongJob, Export):
        ours = {e.pk: int(e.target_id) for e in entries if e.target_kind == model._meta.label_lower}
        rows = model.objects.in_bulk(set(ours.values())) if ours else {}
        found |= {pk: rows[target].in_words for pk, target in ours.items() if target in rows}
    return found


def words_of(act: str) -> str:
    """An act in words: ``campaign.start`` is "Campaign: started"."""
    noun, _dot, verb = act.partition(".")
    if noun not in NOUNS or verb not in VERBS:
        return act
    return _("%(noun)s: %(verb)s") % {"noun": NOUNS[noun], "verb": VERBS[verb]}


def difference(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
    """What changed, in a line: ``role: owner → analyst; name: Ann``."""
    old, new = before or {}, after or {}
    keys = [*new, *(key for key in old if key not in new)]
    joint = _("; ")
    return joint.join(_line(key, old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key))


def _line(name: str, old: Any, new: Any) -> str:
    told = value_words(name, new) if new is not None else "–"
    change = told if old is None else f"{value_words(name, old)} → {told}"
    return _("%(name)s: %(value)s") % {"name": field_words(name), "value": change}
