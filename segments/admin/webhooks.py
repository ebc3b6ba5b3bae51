"""Webhooks out: who is told, what was delivered, trying out, sending again."""

from collections.abc import Collection, Sequence
from typing import Any, ClassVar

from django import forms
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit.admin import FormPage, OperatorPage
from config.kit.given_names import as_read
from config.kit.paging import page
from config.kit.parts import Action, Cell, Choice, Column, Crumb, Empty, Fact, Filter, Table, Tone
from segments.models import Endpoint, Segment, WebhookDelivery
from segments.powers import TELL
from segments.services.webhooks import deliver, endpoints
from segments.services.webhooks.deliver import parked_of, problem_words
from users.admin.secret import SecretPage
from users.models import Role

WHO_SEES: tuple[Role, ...] = (Role.OPERATOR, Role.ANALYST)
WHO_ACTS: tuple[Role, ...] = TELL.roles
TONES: dict[str, Tone] = {"on": "good", "paused": "muted", "disabled": "bad"}
DELIVERY_TONES: dict[str, Tone] = {"delivered": "good", "waiting": "info", "failed": "bad", "parked": "warn"}


def state_cell(endpoint: Endpoint) -> Cell:
    """Its state; one that fails now says since when."""
    if endpoint.state == Endpoint.State.ON and endpoint.failing_since is not None:
        return Cell(_("Failing"), kind="tag", tone="warn", hint=problem_words(endpoint.problem))
    tone = TONES[endpoint.state]
    return Cell(endpoint.get_state_display(), kind="tag", tone=tone, hint=problem_words(endpoint.problem))


class WebhookList(OperatorPage):
    """Every endpoint."""

    title = gettext_lazy("Webhooks")
    purpose = gettext_lazy("Programs of yours that are told within seconds who entered and left segments.")
    template_name = "operator/list.html"
    roles_that_see: ClassVar[Collection[str] | None] = WHO_SEES
    roles_that_act = WHO_ACTS

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the segments."""
        return [Crumb(_("Segments"), reverse("segments:list"))]

    def get_actions(self) -> Sequence[Action]:
        """A new one."""
        if not self.may_act:
            return []
        return [Action(_("New webhook"), reverse("segments:webhook_create"), icon="add")]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """By name; there are at most fifty."""
        found = Endpoint.objects.prefetch_related("subscriptions__segment")
        return super().get_context_data(**kwargs) | {
            "table": Table(
                columns=[
                    Column(_("Name")), Column(_("Address")), Column(_("Segments")), Column(_("State"), "tag"),
                    Column(_("Last delivered"), "time"),
                ],
                rows=[
                    [
                        Cell(as_read(one.name), url=reverse("segments:webhook", args=[one.pk])),
                        one.url,
                        ", ".join(sorted(row.segment.title for row in one.subscriptions.all())),
                        state_cell(one),
                        one.delivered_at,
                    ]
                    for one in found
                ],
                empty=Empty(
                    _("No webhook yet"),
                    _("A webhook tells your CRM, help desk or chat bot when somebody enters or leaves a segment."),
                    Action(_("New webhook"), reverse("segments:webhook_create"), icon="add"),
                    icon="webhook",
                ),
            )
        }  # fmt: skip


class WebhookForm(forms.Form):
    """What is told to whom."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=500,
        help_text=gettext_lazy("https:// and reachable from the internet. Redirects are not followed."),
    )
    segments = forms.MultipleChoiceField(
        label=gettext_lazy("Segments"), widget=forms.SelectMultiple(attrs={"size": 10})
    )
    events = forms.MultipleChoiceField(
        label=gettext_lazy("Tell"),
        choices=[("entered", gettext_lazy("who entered")), ("left", gettext_lazy("who left"))],
        widget=forms.CheckboxSelectMultiple,
        initial=["entered", "left"],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = Segment.objects.by_rule().titles()
        self.fields["segments"].choices = [(str(pk), name) for pk, name in names]  # type: ignore[attr-defined]  # a ChoiceField


def _asked(form: Any) -> dict[str, Any]:
    given = dict(form.cleaned_data)
    return {**given, "segments": [int(pk) for pk in given["segments"]]}


class UnderWebhooks(OperatorPage):
    """A page below the list."""

    roles_that_see: ClassVar[Collection[str] | None] = WHO_SEES
    roles_that_act = WHO_ACTS

    @cached_property
    def endpoint(self) -> Endpoint:
        """The endpoint of the address."""
        found = Endpoint.objects.filter(pk=self.kwargs["endpoint_id"]).first()
        if found is None:
            raise Http404
        return found

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the list."""
        return [
            Crumb(_("Segments"), reverse("segments:list")),
            Crumb(WebhookList.title, reverse("segments:webhooks")),
        ]

    @property
    def home(self) -> str:
        """The page of the endpoint."""
        return reverse("segments:webhook", args=[self.endpoint.pk])


class NewWebhook(UnderWebhooks, SecretPage):
    """Register an endpoint; its secret is shown once."""

    title = gettext_lazy("New webhook")
    purpose = gettext_lazy("Every request is signed with a secret, which is shown once on the next page.")
    form_class = WebhookForm
    submit = gettext_lazy("Register it")
    roles_that_see = WHO_ACTS

    def make(self, form: Any) -> tuple[str, str]:
        """Its name and secret."""
        made = endpoints.create(**_asked(form), by=self.operator)
        return made.name, made.secret


class RenewWebhookSecret(UnderWebhooks, SecretPage):
    """Another secret."""

    title = gettext_lazy("New secret")
    purpose = gettext_lazy("A new secret: requests are signed with it from now on.")
    form_class = forms.Form
    submit = gettext_lazy("Make a new secret")
    roles_that_see = WHO_ACTS

    def make(self, form: Any) -> tuple[str, str]:
        """Its name and secret."""
        held = endpoints.renew_secret(self.endpoint, by=self.operator)
        return held.name, held.secret


class EditWebhook(UnderWebhooks, FormPage):
    """Change what is told to whom."""

    form_class = WebhookForm
    purpose = gettext_lazy("Of a segment that is added only what happens from now on is told.")
    roles_that_see = WHO_ACTS

    def get_title(self) -> StrOrPromise:
        """Its name."""
        return as_read(self.endpoint.name)

    def get_initial(self) -> dict[str, Any]:
        """As it is."""
        segments = self.endpoint.subscriptions.values_list("segment_id", flat=True)
        return {
            "name": self.endpoint.name, "url": self.endpoint.url, "segments": [str(pk) for pk in segments],
            "events": endpoints.events_of(self.endpoint),
        }  # fmt: skip

    def act(self, form: Any) -> str:
        """Save it."""
        endpoints.edit(self.endpoint, **_asked(form), by=self.operator)
        return self.home


def _no_line(state: str) -> Empty:
    """What the log says when it is empty."""
    if state:
        return Empty(_("No request is in this state"), _("Take the filter off to see all."), icon="webhook")
    return Empty(
        _("Nothing was delivered yet"),
        _("Each request appears here with its answer. “Try it out” sends one that holds nothing."),
        icon="webhook",
    )


class WebhookPage(UnderWebhooks):
    """One endpoint with the log of its deliveries."""

    template_name = "segments/webhook.html"

    def get_title(self) -> StrOrPromise:
        """Its name."""
        return as_read(self.endpoint.name)

    def get_purpose(self) -> StrOrPromise:
        """Where it leads."""
        return self.endpoint.url

    def get_actions(self) -> Sequence[Action]:
        """By its state."""
        if not self.may_act:
            return []
        pk = self.endpoint.pk
        delete = self._post("delete", _("Delete"), _("Delete this webhook and its log?"), danger=True)
        secret = Action(_("New secret"), reverse("segments:webhook_secret", args=[pk]), icon="key")
        edit = Action(_("Edit"), reverse("segments:webhook_edit", args=[pk]), icon="edit")
        if self.endpoint.state == Endpoint.State.ON:
            return [
                delete,
                secret,
                *self._parked_acts(),
                self._post("pause", _("Pause")),
                self._post("ping", _("Try it out")),
                edit,
            ]
        return [
            delete,
            secret,
            edit,
            self._post("skip", _("Switch on from now"), _("What happened meanwhile is not told. Go on?")),
            self._post("on", _("Switch on and catch up")),
        ]

    def _parked_acts(self) -> list[Action]:
        if not self.parked:
            return []
        sure = _("What was set aside is not told any more. Go on?")
        return [
            self._post("leave_out", _("Leave out what was set aside"), sure),
            self._post("send_parked", _("Send what was set aside")),
        ]

    @cached_property
    def parked(self) -> int:
        """How many requests were set aside."""
        return parked_of(self.endpoint).count()

    def _post(self, value: str, title: str, confirm: str = "", *, danger: bool = False) -> Action:
        return Action(
            title, self.home, method="post", name="act", value=value, confirm=confirm, danger=danger
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Do what a button says."""
        act, by = request.POST.get("act", ""), self.operator
        if act == "delete":
            endpoints.delete(self.endpoint, by=by)
            self.say(_("Deleted."))
            return HttpResponseRedirect(reverse("segments:webhooks"))
        if act in ("on", "skip", "pause"):
            endpoints.switch(self.endpoint, is_on=act != "pause", skip=act == "skip", by=by)
            self.say(_("Saved."))
        elif act == "send_parked":
            many = endpoints.send_parked(self.endpoint, by=by)
            self.say(_("Requests that are being sent again: %(n)d.") % {"n": many})
        elif act == "leave_out":
            many = endpoints.leave_out_parked(self.endpoint, by=by)
            self.say(_("Requests that were left out: %(n)d.") % {"n": many})
        elif act == "ping":
            endpoints.ping(self.endpoint, by=by)
            self.say(_("A trial is on its way; its line appears below."))
        elif act.startswith("replay-") and act[7:].isdecimal():
            found = self.endpoint.deliveries.filter(pk=int(act[7:][:18])).first()
            if found is None:
                raise Http404
            endpoints.replay(found, by=by)
            self.say(_("It is being sent again."))
        return HttpResponseRedirect(self.home)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Facts and the log."""
        states = WebhookDelivery.State
        chosen = self.request.GET.get("state", "")
        chosen = chosen if chosen in states.values else ""
        return super().get_context_data(**kwargs) | {
            "facts": self._facts(),
            "parked": self.parked,
            "refusals": deliver.REFUSALS,
            "filters": [Filter("state", _("State"), [Choice(*one) for one in states.choices], chosen)],
            "table": self._log(chosen),
        }

    def _facts(self) -> list[Fact]:
        one = self.endpoint
        names = sorted(row.segment.title for row in one.subscriptions.select_related("segment"))
        told = {"entered": _("who entered"), "left": _("who left")}
        facts = [
            Fact(_("State"), state_cell(one)),
            Fact(_("Segments"), Cell(", ".join(names))),
            Fact(_("Tells"), Cell(", ".join(told[event] for event in endpoints.events_of(one)))),
            Fact(_("Last delivered"), Cell(one.delivered_at, kind="time")),
        ]
        if self.parked:
            facts.append(Fact(_("Set aside"), Cell(_("Requests: %(n)d") % {"n": self.parked}, tone="warn")))
        if one.failing_since:
            facts += [
                Fact(_("Failing since"), Cell(one.failing_since, kind="time")),
                Fact(_("What is wrong"), Cell(problem_words(one.problem), tone="bad")),
                Fact(
                    _("Next attempt"),
                    Cell(one.due_at if one.state == Endpoint.State.ON else None, kind="time"),
                ),
            ]
        return facts

    def _log(self, state: str) -> Table:
        rows = WebhookDelivery.objects.filter(endpoint=self.endpoint)
        rows = rows.filter(state=state) if state else rows
        found = page(rows, ("-id",), self.request.GET.get("cursor", ""))
        return Table(
            columns=[
                Column(_("Made"), "time"), Column(_("Kind")), Column(_("Changes"), "number"),
                Column(_("State"), "tag"), Column(_("Answer")), Column(_("Attempts"), "number"),
                Column(_("Milliseconds"), "number"), Column(_("Id")), Column("", "action"),
            ],
            rows=[self._line(one) for one in found.rows],
            empty=_no_line(state),
            caption=_("Deliveries of the last 30 days"),
            next=found.next,
            previous=found.previous,
        )  # fmt: skip

    def _line(self, one: WebhookDelivery) -> list[Any]:
        words = problem_words(one.problem)
        answer = f"{one.status} {words}".strip() if one.status else words
        can_replay = self.may_act and one.until and self.endpoint.state == Endpoint.State.ON
        again = Cell(self._post(f"replay-{one.pk}", _("Send again"))) if can_replay else Cell("", kind="text")
        return [
            one.created_at, one.get_kind_display(), one.changes,
            Cell(one.get_state_display(), tone=DELIVERY_TONES[one.state]), answer, one.attempts, one.milliseconds,
            one.number, again,
        ]  # fmt: skip
