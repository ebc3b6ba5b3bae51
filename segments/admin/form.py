"""Making and editing a segment: a form that says at once whom the rule selects."""

import json
from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit.admin import FormPage
from config.kit.parts import Choice, Crumb
from config.kit.refusal import Conflict, Refusal
from segments.admin.catalogue import catalogue
from segments.admin.problem import refusals_in_words
from segments.models import Segment
from segments.ready import PRESETS
from segments.rules.parse import parse
from segments.rules.words import Words
from segments.services.presets import existing_of, rule_of
from segments.services.rule_tree import difference
from segments.services.segments import create_segment, edit_segment, edition
from users.models import Role

WHO_ACTS = (Role.OPERATOR,)
LONGEST_RULE = 100_000
STARTING_RULE = {"version": 1, "root": {"all": [{"field": "stage", "op": "is_any_of", "value": ["active"]}]}}


class SegmentForm(forms.Form):
    """The shape of a segment; the rule comes from the builder as JSON."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    description = forms.CharField(label=gettext_lazy("What it is for"), max_length=300, required=False)
    rule = forms.CharField(
        label=gettext_lazy("Rule"),
        max_length=LONGEST_RULE,
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false"}),
    )
    version = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    means_everyone = forms.BooleanField(
        label=gettext_lazy("It may mean everyone or no one; I mean it"), required=False
    )

    def clean_rule(self) -> Any:
        """The JSON, parsed; what it says is judged by the service."""
        return read_json(self.cleaned_data["rule"])


def read_json(text: str) -> Any:
    """The JSON of a rule. Raises ValidationError."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise forms.ValidationError(_("The rule cannot be read.")) from None


def sentence_of(rule: Any, words: Words | None = None) -> str:
    """A stored rule in words; a rule that cannot be read any more says why, a list has none."""
    if rule is None:
        return _("Customers: named one by one.")
    try:
        return parse(rule).sentence(words or Words())
    except Refusal as refusal:
        return refusal.message


def start_from(asked: QueryDict) -> dict[str, Any]:
    """What a new segment begins with: a copy (``from``), a ready rule (``preset``), a given one (``rule``), or ours."""
    found = {"rule": json.dumps(STARTING_RULE), "name": asked.get("name", "")[:120]}
    number = asked.get("from", "")
    copied = (
        Segment.objects.filter(pk=int(number)).first() if number.isdecimal() and len(number) < 10 else None
    )
    if copied is not None and copied.rule is not None:
        return found | {"rule": json.dumps(copied.rule), "description": copied.description}
    preset = PRESETS.get(asked.get("preset", ""))
    upon = existing_of(preset) if preset is not None else None
    if preset is not None and upon is not None:
        found |= {"name": str(preset.name), "description": str(preset.description)}
        return found | {"rule": json.dumps(rule_of(preset, *upon))}
    given = asked.get("rule", "")
    return found | {"rule": given[:LONGEST_RULE]} if given else found


def ready_rules() -> list[Choice]:
    """Ready segments to begin with."""
    return [Choice(preset.key, str(preset.name)) for preset in PRESETS.values() if not preset.upon]


class NewSegment(FormPage):
    """A new segment."""

    title = gettext_lazy("New segment")
    purpose = gettext_lazy("Say what its customers have in common. It keeps itself right from then on.")
    template_name = "segments/form.html"
    form_class = SegmentForm
    submit = gettext_lazy("Make the segment")
    done = gettext_lazy("Made. It is being computed.")
    roles_that_see = roles_that_act = WHO_ACTS
    theirs: dict[str, Any] | None = None  # what somebody else saved while this operator was editing

    def get_crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Segments"), reverse("segments:list"))]

    def get_as_of(self) -> None:
        return None

    def get_initial(self) -> dict[str, Any]:
        return start_from(self.request.GET)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "catalogue": catalogue(self.now, self.segment),
            "segment": self.segment,
            "ready": () if self.segment else ready_rules(),
            "theirs": self.theirs,
        }

    @property
    def segment(self) -> Segment | None:
        """The segment being edited; None: a new one."""
        return None

    def act(self, form: Any) -> str:
        values = {key: value for key, value in form.cleaned_data.items() if key != "version"}
        with refusals_in_words(form.cleaned_data["rule"]):
            made = create_segment(by=self.operator, **values)
        return reverse("segments:segment", args=[made.pk])


class EditSegment(NewSegment):
    """A change of a segment; a new rule is a new version."""

    purpose = gettext_lazy(
        "A changed rule is a new version: the segment is computed anew, its history stays."
    )
    submit = gettext_lazy("Save")
    done = gettext_lazy("Saved.")

    @cached_property
    def segment(self) -> Segment:
        return get_object_or_404(Segment.objects.by_rule(), pk=self.kwargs["segment_id"])

    def get_title(self) -> StrOrPromise:
        return self.segment.title

    def get_crumbs(self) -> Sequence[Crumb]:
        page = reverse("segments:segment", args=[self.segment.pk])
        return [*super().get_crumbs(), Crumb(self.segment.title, page)]

    def get_initial(self) -> dict[str, Any]:
        return {
            "name": self.segment.title,
            "description": self.segment.description,
            "rule": json.dumps(self.segment.rule),
            "means_everyone": self.segment.means_everyone,
            "version": edition(self.segment),
        }

    def act(self, form: Any) -> str:
        values = dict(form.cleaned_data)
        try:
            with refusals_in_words(values["rule"]):
                edit_segment(self.segment, by=self.operator, over=values.pop("version"), **values)
        except Conflict as conflict:
            if conflict.code == "changed_meanwhile":
                self._show_theirs(form)
            raise
        return reverse("segments:segment", args=[self.segment.pk])

    def _show_theirs(self, form: Any) -> None:
        """The next save is made over theirs, which the operator then has seen."""
        self.segment.refresh_from_db()
        last = self.segment.versions.select_related("made_by").order_by("-version").first()
        form.data = form.data.copy()
        form.data["version"] = edition(self.segment)
        self.theirs = {
            "who": str((last and last.made_by) or _("Somebody")),
            "at": last and last.made_at,
            "sentence": sentence_of(self.segment.rule),
            "tree": difference(self.segment.rule, form.cleaned_data["rule"], Words()),
        }
