"""One campaign: before the start whom it reaches and the button, afterwards how far it is and what came of it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns.admin import words
from campaigns.admin.compose import LANGUAGES
from campaigns.models import Campaign, CampaignKind, CampaignRun, CampaignState, Content, SkipReason
from campaigns.powers import APPROVE, START
from campaigns.reports.outcome import LinkClicks, Outcome, links, outcome, settled
from campaigns.services import campaigns as acts
from campaigns.services.plan import Manifest, preview
from campaigns.services.proof import preview_letter, send_test
from config.kit.admin import OperatorPage, has_role
from config.kit.given_names import as_read
from config.kit.parts import Action, Cell, Column, Crumb, Empty, Progress, Stat, Table
from config.kit.refusal import NotFound, Refusal
from users.shop import currency

RUNS_SHOWN = 20
UNDER_WAY = (CampaignState.SCHEDULED, CampaignState.RUNNING, CampaignState.PAUSED)


class CampaignPage(OperatorPage):
    """The page of one campaign, and the acts on it."""

    template_name = "campaigns/campaign.html"
    roles_that_act = (*START.roles, *APPROVE.roles)
    partials = {"progress": "campaigns/progress.html"}

    @cached_property
    def campaign(self) -> Campaign:
        """The campaign of the address. Raises NotFound."""
        campaigns = Campaign.objects.select_related("segment", "topic", "created_by", "approved_by")
        campaign = campaigns.exclude(kind=CampaignKind.SERVICE).filter(pk=self.kwargs["campaign_id"]).first()
        if campaign is None:
            raise NotFound
        return campaign

    def get_title(self) -> str:
        """Its name."""
        return as_read(self.campaign.name)

    def get_purpose(self) -> str:
        """To whom and when, in one line."""
        segment = self.campaign.segment.title if self.campaign.segment else "–"
        return _("To “%(segment)s”, %(when)s · %(state)s") % {
            "segment": segment,
            "when": words.schedule(self.campaign),
            "state": CampaignState(self.campaign.state).label,
        }

    def get_crumbs(self) -> Sequence[Crumb]:
        """From the list."""
        return [Crumb(_("Campaigns"), reverse("campaigns:list"))]

    def get_actions(self) -> Sequence[Action]:
        """What can be done in the state it is in."""
        here, state = self.request.path, self.campaign.state
        if state == CampaignState.DRAFT:
            return [Action(_("Edit"), reverse("campaigns:edit", args=[self.campaign.pk]), icon="edit")]
        if state not in UNDER_WAY:
            return []
        cancel = Action(
            _("Cancel"),
            here,
            method="post",
            icon="cancel",
            name="act",
            value="cancel",
            danger=True,
            confirm=_("Cancel for good? What was not sent yet will never be sent."),
        )
        if state == CampaignState.PAUSED:
            return [cancel, self._act(_("Resume"), "resume", "play_arrow")]
        return [cancel, self._act(_("Pause"), "pause", "pause")]

    def _act(self, title: str, name: str, icon: str) -> Action:
        return Action(title, self.request.path, method="post", icon=icon, name="act", value=name)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Before the start the manifest, afterwards the outcome."""
        context = super().get_context_data(**kwargs) | {"campaign": self.campaign}
        if self.campaign.state == CampaignState.DRAFT:
            return context | self._before_start()
        return context | self._after_start()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseRedirect:
        """Do what the button says."""
        name = request.POST.get("act", "")
        act = self._posts().get(name)
        if act is None:
            raise Refusal("unknown_act", _("There is no such act."))
        if name == "approve" and not has_role(self.operator, APPROVE.roles):
            raise Refusal("not_an_approver", _("Your role may not approve campaigns."), status=403)
        if name != "approve" and not has_role(self.operator, START.roles):
            raise Refusal("not_an_operator", _("Your role approves campaigns and changes none."), status=403)
        self.say(act())
        return HttpResponseRedirect(request.path)

    def _posts(self) -> dict[str, Callable[[], str]]:
        return {
            "start": self._start,
            "approve": self._approve,
            "pause": self._pause,
            "resume": self._resume,
            "cancel": self._cancel,
            "test": self._test,
        }

    def _start(self) -> str:
        manifest = acts.start(self.campaign.pk, by=self.operator, now=self.now)
        return _("Started. ") + words.consequence(self.campaign, manifest, self.now)

    def _approve(self) -> str:
        manifest = acts.approve(self.campaign.pk, by=self.operator, now=self.now)
        return _("Approved for %(n)s customers.") % {"n": manifest.will_receive}

    def _pause(self) -> str:
        acts.pause(self.campaign.pk, by=self.operator)
        return _("Paused. Nothing more goes out until it is resumed.")

    def _resume(self) -> str:
        acts.resume(self.campaign.pk, by=self.operator)
        return _("It goes on.")

    def _cancel(self) -> str:
        acts.cancel(self.campaign.pk, by=self.operator)
        return _("Cancelled.")

    def _test(self) -> str:
        address = self.request.POST.get("address", "")
        send_test(self.campaign, address, None, by=self.operator, now=self.now)
        return _("Sent to %(address)s.") % {"address": address}

    # -- before the start ----------------------------------------------------------------------------
    def _before_start(self) -> dict[str, Any]:
        manifest = preview(self.campaign, self.now)
        needs_approval = acts.needs_approval(self.campaign, manifest)
        return {
            "manifest": manifest,
            "steps": self._narrowing(manifest),
            "consequence": words.consequence(self.campaign, manifest, self.now),
            "needs_approval": needs_approval,
            "may_approve": has_role(self.operator, APPROVE.roles)
            and self.operator != self.campaign.created_by,
            "may_start": has_role(self.operator, START.roles),
            "letters": self._letters(),
        }

    def _narrowing(self, manifest: Manifest) -> Table:
        """From everybody who matches to those who will receive, one loss after the other."""
        left = manifest.matched
        rows: list[list[Any]] = [[_("In the segment"), "", left]]
        for reason in SkipReason.values:
            lost = manifest.losses.get(reason, 0)
            if lost:
                left -= lost
                rows.append([words.outcome_title(reason), Cell(-lost, tone="muted"), left])
        rows.append([Cell(_("Will receive it"), tone="good"), "", Cell(manifest.will_receive, tone="good")])
        columns = [Column(_("Step")), Column(_("Fewer by"), "number"), Column(_("Remaining"), "number")]
        return Table(columns, rows, Empty(_("Nobody")), caption=_("Whom it reaches, as of now"))

    def _letters(self) -> list[dict[str, Any]]:
        segment = self.campaign.segment
        member = segment.memberships.select_related("customer").first() if segment else None
        reader = member.customer if member else None
        contents = Content.objects.filter(step__campaign=self.campaign).order_by("pk")
        return [
            {
                "language": dict(LANGUAGES)[content.language],
                "reader": reader or _("an example"),
                "letter": preview_letter(content.subject, content.body, content.language, reader, self.now),
            }
            for content in contents
        ]

    # -- afterwards ----------------------------------------------------------------------------------
    def _after_start(self) -> dict[str, Any]:
        found, clicked, _as_of = self._found
        return {
            "outcome": found,
            "progress": self._progress(found, self._latest_runs),
            "stats": self._stats(found),
            "table": self._outcomes(found),
            "effect": self._effect(found),
            "runs": self._runs(self._latest_runs),
            "links": self._links(clicked),
        }

    @cached_property
    def _latest_runs(self) -> list[CampaignRun]:
        return list(self.campaign.runs.order_by("-planned_at")[:RUNS_SHOWN])

    @cached_property
    def _found(self) -> tuple[Outcome, list[LinkClicks], datetime]:
        """What came of it, its links, and the instant of both; live while something goes out."""
        if all(run.finished_at for run in self._latest_runs):
            return settled(self.campaign, self.now)
        return outcome(self.campaign), links(self.campaign), self.now

    def get_as_of(self) -> datetime:
        """The instant of the counts."""
        return self.now if self.campaign.state == CampaignState.DRAFT else self._found[2]

    def _progress(self, found: Outcome, runs: Sequence[CampaignRun]) -> Progress | None:
        if not found.open_count:
            return None
        done = found.matched - found.open_count
        started = runs[0].planned_at if runs else None
        return Progress(_("Sending"), done, found.matched, started, self.now)

    def _behind(self, **query: str) -> str:
        return f"{reverse('campaigns:deliveries', args=[self.campaign.pk])}?{urlencode(query)}"

    def _stats(self, found: Outcome) -> list[Stat]:
        window = _("%(n)d days") % {"n": self.campaign.window_days}
        return [
            Stat(_("Matched"), found.matched, url=self._behind()),
            Stat(_("Sent"), found.sent, url=self._behind(outcome="sent")),
            self._did(_("Opened by people"), "opened", found.opened, found),
            self._did(_("Clicked by people"), "clicked", found.clicked, found),
            Stat(_("Orders credited"), found.orders, window=window, url=self._behind(did="ordered")),
            Stat(
                _("Revenue credited"), found.revenue, kind="money", currency=currency.get(), window=window,
                url=self._behind(did="ordered"),
            ),
            Stat(_("Unsubscribed"), found.unsubscribed, url=self._behind(did="unsubscribed"), more_is="bad"),
        ]  # fmt: skip

    def _did(self, title: str, did: str, count: int, found: Outcome) -> Stat:
        return Stat(title, count, url=self._behind(did=did), note=self._share(count, found))

    def _share(self, part: int, found: Outcome) -> str:
        if not found.sent:
            return ""
        return _("%(share).1f %% of %(n)d sent") % {"share": 100 * part / found.sent, "n": found.sent}

    def _outcomes(self, found: Outcome) -> Table:
        """Every outcome with its number; together they are everybody who matched."""
        counts = [*found.states.items(), *sorted(found.reasons.items(), key=lambda item: -item[1])]
        rows: list[list[Any]] = [
            [words.outcome_title(key), Cell(count, url=self._behind(outcome=key))] for key, count in counts
        ]
        if rows:
            rows.append([Cell(_("Matched"), tone="muted"), found.matched])
        return Table(
            [Column(_("Outcome")), Column(_("Customers"), "number")],
            rows,
            Empty(
                _("Not planned yet"), _("At its time the segment is frozen and everybody gets an outcome.")
            ),
            caption=_("What became of everybody who matched"),
        )

    def _effect(self, found: Outcome) -> Table:
        arms = ((_("Messaged"), found.treated), (_("Held out"), found.held_out))
        rows = [
            [title, arm.customers, arm.converted, Cell(arm.rate, hint=f"n = {arm.customers}")]
            for title, arm in arms
        ]
        return Table(
            [
                Column(_("Arm")),
                Column(_("Customers"), "number"),
                Column(_("Ordered within the window"), "number"),
                Column(_("Share"), "percent"),
            ],
            rows,
            Empty(_("Nobody")),
            caption=_("Messaged against held out, by assignment"),
        )

    def _runs(self, runs: Sequence[CampaignRun]) -> Table:
        rows = [
            [
                run.planned_at,
                CampaignRun.State(run.state).label,
                run.manifest.get("matched"),
                run.manifest.get("will_receive"),
            ]
            for run in runs
        ]
        columns = [
            Column(_("Planned"), "time"), Column(_("State"), "tag"), Column(_("Matched"), "number"),
            Column(_("Planned to receive"), "number"),
        ]  # fmt: skip
        return Table(columns, rows, Empty(_("No run yet")), caption=_("Runs"))

    def _links(self, clicked: Sequence[LinkClicks]) -> Table:
        rows = [[Cell(link.url, url=link.url), link.people, link.programs] for link in clicked]
        columns = [Column(_("Link")), Column(_("People"), "number"), Column(_("Programs"), "number")]
        return Table(columns, rows, Empty(_("No link in it")), caption=_("Links clicked"))
