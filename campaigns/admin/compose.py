"""Writing a campaign: to whom, when, what, with a live look at the letter as a chosen customer reads it."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import merge, shop
from campaigns.models import Campaign, CampaignKind, CampaignState, Content
from campaigns.services.campaigns import Plan, Text, create_campaign, edit_campaign
from campaigns.services.proof import preview_letter
from config.kit.admin import FormPage, OperatorPage
from config.kit.given_names import as_read
from config.kit.parts import Crumb
from config.kit.refusal import NotFound, Refusal
from segments.models import Segment, SegmentState
from segments.reading_order import in_reading_order
from users.models import Customer, Role, Topic
from users.models.consent import ADS_TOPIC
from users.reports import finding

LANGUAGES = (("zh-hans", gettext_lazy("Chinese")), ("en", gettext_lazy("English")))
KINDS = tuple((kind.value, kind.label) for kind in (CampaignKind.ONE_OFF, CampaignKind.RECURRING))


class InReadingOrder(forms.models.ModelChoiceIterator):
    """Segments by the names their reader sees."""

    def __iter__(self) -> Iterator[tuple[Any, str]]:
        yield ("", str(self.field.empty_label or ""))
        yield from (self.choice(one) for one in in_reading_order(self.queryset))


class SegmentField(forms.ModelChoiceField[Segment]):
    """One of the segments."""

    iterator = InReadingOrder


class CampaignForm(forms.Form):
    """What an operator decides. Times are shop time."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    segment = SegmentField(Segment.objects.exclude(state=SegmentState.RETIRED), label=gettext_lazy("Segment"))
    topic = forms.ModelChoiceField(
        Topic.objects.filter(is_service=False).exclude(slug=ADS_TOPIC),
        label=gettext_lazy("Topic"),
        help_text=gettext_lazy("Only customers who agreed to this topic by e-mail get it."),
    )
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=KINDS)
    starts_at = forms.DateTimeField(
        label=gettext_lazy("First time (shop time)"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=gettext_lazy("Empty: as soon as it is started."),
    )
    every_days = forms.IntegerField(
        label=gettext_lazy("Every (days)"),
        required=False,
        min_value=1,
        max_value=365,
        help_text=gettext_lazy("For a recurring campaign."),
    )
    holdout_percent = forms.IntegerField(
        label=gettext_lazy("Held out (%)"),
        initial=10,
        min_value=0,
        max_value=90,
        help_text=gettext_lazy("These customers hear nothing, so that the effect can be measured."),
    )
    priority = forms.IntegerField(
        label=gettext_lazy("Priority"),
        initial=50,
        min_value=0,
        max_value=100,
        help_text=gettext_lazy("Where the cap leaves room for one message only, the higher goes."),
    )
    expires_hours = forms.IntegerField(
        label=gettext_lazy("Give up after (hours)"), initial=48, min_value=1, max_value=24 * 30
    )
    window_days = forms.IntegerField(
        label=gettext_lazy("Orders count for (days)"), initial=7, min_value=1, max_value=90
    )
    subject_zh_hans = forms.CharField(label=gettext_lazy("Subject"), max_length=200, required=False)
    body_zh_hans = forms.CharField(
        label=gettext_lazy("Text"), required=False, widget=forms.Textarea(attrs={"rows": 12})
    )
    subject_en = forms.CharField(label=gettext_lazy("Subject"), max_length=200, required=False)
    body_en = forms.CharField(
        label=gettext_lazy("Text"), required=False, widget=forms.Textarea(attrs={"rows": 12})
    )

    def plan(self) -> Plan:
        """The decisions of a valid form."""
        data = self.cleaned_data
        recurring = data["kind"] == CampaignKind.RECURRING
        starts_at = data["starts_at"]
        return Plan(
            name=data["name"],
            kind=data["kind"],
            segment=data["segment"],
            topic=data["topic"],
            starts_at=starts_at,
            every_days=data["every_days"] if recurring else None,
            send_time=starts_at.time().replace(tzinfo=None) if recurring and starts_at else None,
            priority=data["priority"],
            holdout_percent=data["holdout_percent"],
            window_days=data["window_days"],
            expires_after=timedelta(hours=data["expires_hours"]),
        )

    def texts(self) -> list[Text]:
        """What it says, in each language that was written."""
        data = self.cleaned_data
        fields = ((language, language.replace("-", "_")) for language, _title in LANGUAGES)
        return [
            Text(data[f"subject_{field}"], data[f"body_{field}"], language)
            for language, field in fields
            if data[f"body_{field}"].strip()
        ]


class ComposePage(FormPage):
    """The form of a campaign, with the caps in force and the values that its text may use."""

    form_class = CampaignForm
    template_name = "campaigns/compose.html"
    roles_that_act = (Role.OPERATOR,)
    submit = gettext_lazy("Save the draft")
    done = gettext_lazy("The draft is saved. Look at whom it reaches before you start it.")

    def get_crumbs(self) -> Sequence[Crumb]:
        """From the list."""
        return [Crumb(_("Campaigns"), reverse("campaigns:list"))]

    def get_as_of(self) -> None:
        """A form has no figures."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The form in groups."""
        context = super().get_context_data(**kwargs)
        form = context["form"]
        return context | {
            "who": [form[name] for name in ("name", "segment", "topic")],
            "when": [form[name] for name in ("kind", "starts_at", "every_days", "expires_hours")],
            "proof": [form[name] for name in ("holdout_percent", "window_days", "priority")],
            "languages": [
                (language, title, form[f"subject_{field}"], form[f"body_{field}"])
                for language, title in LANGUAGES
                for field in [language.replace("-", "_")]
            ],
            "caps": shop.caps(),
            "sources": list(merge.sources),
        }


class CampaignCreate(ComposePage):
    """A new draft."""

    title = gettext_lazy("New campaign")
    purpose = gettext_lazy("Say to whom, when and what. Nothing is sent before you start it.")

    def act(self, form: CampaignForm) -> str:
        """Create it and look at it."""
        campaign = create_campaign(form.plan(), form.texts(), by=self.operator, now=self.now)
        return reverse("campaigns:campaign", args=[campaign.pk])


class CampaignEdit(ComposePage):
    """A draft, to be changed."""

    purpose = gettext_lazy("Change the draft. An approval of its earlier form is void.")

    @property
    def campaign(self) -> Campaign:
        """The draft of the address. Raises NotFound when it was started."""
        drafts = Campaign.objects.filter(state=CampaignState.DRAFT).exclude(kind=CampaignKind.SERVICE)
        campaign = drafts.filter(pk=self.kwargs["campaign_id"]).first()
        if campaign is None:
            raise NotFound(_("There is no draft here: what was started can no longer be changed."))
        return campaign

    def get_title(self) -> str:
        """Its name."""
        return as_read(self.campaign.name)

    def get_initial(self) -> dict[str, Any]:
        """The draft as it stands."""
        campaign = self.campaign
        names = ("name", "segment", "topic", "kind", "starts_at", "every_days", "holdout_percent", "priority")
        initial = {name: getattr(campaign, name) for name in (*names, "window_days")}
        initial["expires_hours"] = int(campaign.expires_after.total_seconds() // 3600)
        for content in Content.objects.filter(step__campaign=campaign):
            field = content.language.replace("-", "_")
            initial |= {f"subject_{field}": content.subject, f"body_{field}": content.body}
        return initial

    def act(self, form: CampaignForm) -> str:
        """Save it and look at it."""
        campaign = edit_campaign(self.campaign.pk, form.plan(), form.texts(), by=self.operator)
        return reverse("campaigns:campaign", args=[campaign.pk])


class LetterPreview(OperatorPage):
    """The letter in one language as a customer would read it; a part of the composer."""

    http_method_names = ["post"]
    roles_that_act = (Role.OPERATOR, Role.APPROVER)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Fill in what is in the form; the customer is found by name, address or order number."""
        language = request.POST.get("language", "")
        field = language.replace("-", "_")
        customer, words = self._reader(request.POST.get("reader", ""), request.POST.get("segment", ""))
        subject, body = request.POST.get(f"subject_{field}", ""), request.POST.get(f"body_{field}", "")
        context: dict[str, Any] = {"reader": words, "is_empty": not body.strip()}
        try:
            context["letter"] = preview_letter(subject, body, language, customer, self.now)
        except Refusal as refusal:
            context["problem"] = refusal.message
        return TemplateResponse(request, "campaigns/preview.html", context)

    def _reader(self, text: str, segment_id: str) -> tuple[Customer | None, str]:
        """The customer who reads: the one searched for, else one of the segment, else nobody."""
        if text.strip():
            found = list(finding.find(text.strip(), 1))
            return (found[0], str(found[0])) if found else (None, _("Nobody is found; these are examples."))
        if segment_id.isdecimal():
            segment = get_object_or_404(Segment, pk=int(segment_id))
            member = segment.memberships.select_related("customer").first()
            if member is not None:
                return member.customer, str(member.customer)
        return None, _("Nobody chosen; these are examples.")
