"""Lists: made, filled by hand or from a file, taken or dealt out of a segment."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_stubs_ext import StrOrPromise

from config.kit import words
from config.kit.admin import FormPage
from config.kit.parts import Crumb
from config.kit.refusal import Refusal
from segments.admin.form import WHO_ACTS
from segments.models import Segment
from segments.services import list_file, lists, named, sampling
from users.services.imports import acts

WAYS = [
    ("add", gettext_lazy("put on the list")),
    ("remove", gettext_lazy("take off the list")),
    ("replace", gettext_lazy("make the list hold just them")),
]


class NewListForm(forms.Form):
    """The name of a list."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    description = forms.CharField(label=gettext_lazy("What it is for"), max_length=300, required=False)
    folder = forms.CharField(label=gettext_lazy("Folder"), max_length=60, required=False)


class NewList(FormPage):
    """An empty list."""

    title = gettext_lazy("New list")
    purpose = gettext_lazy("A fixed list: its customers are named, by hand, from a file or by your back end.")
    form_class = NewListForm
    submit = gettext_lazy("Make the list")
    done = gettext_lazy("Made. Now put somebody on it.")
    roles_that_see = roles_that_act = WHO_ACTS

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the segments."""
        return [Crumb(_("Segments"), reverse("segments:list"))]

    def get_as_of(self) -> None:
        """Nothing here is a figure."""

    def act(self, form: Any) -> str:
        """Make it."""
        made = lists.create_list(by=self.operator, **form.cleaned_data)
        return reverse("segments:list_members", args=[made.pk])


class FormOfSegment(FormPage):
    """A form about one segment."""

    roles_that_see = roles_that_act = WHO_ACTS

    @cached_property
    def segment(self) -> Segment:
        """The segment of the address."""
        return get_object_or_404(Segment, pk=self.kwargs["segment_id"])

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the segment."""
        return [Crumb(_("Segments"), reverse("segments:list")), Crumb(self.segment.title, self.home)]

    @property
    def home(self) -> str:
        """The page of the segment."""
        return reverse("segments:segment", args=[self.segment.pk])

    def get_as_of(self) -> None:
        """Nothing here is a figure."""


class MembersForm(forms.Form):
    """Names of customers."""

    names = forms.CharField(
        label=gettext_lazy("Customers"),
        max_length=300_000,
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false"}),
        help_text=gettext_lazy("One per line: user ID, e-mail, phone, WeChat OpenID or order number."),
    )
    how = forms.ChoiceField(
        label=gettext_lazy("What to do"), choices=WAYS[:2], widget=forms.RadioSelect, initial="add"
    )


class ListMembers(FormOfSegment):
    """Put customers on a list by hand, or take them off."""

    title = gettext_lazy("Change the list by hand")
    purpose = gettext_lazy("Up to 1,000 customers at once. Everything is written into the audit trail.")
    form_class = MembersForm
    submit = gettext_lazy("Change the list")

    def get_initial(self) -> dict[str, Any]:
        """Whom a link names (the button beside a member)."""
        return {"names": self.request.GET.get("name", "")[:255], "how": self.request.GET.get("how", "add")}

    def form_valid(self, form: Any) -> HttpResponse:
        """Change it; who was not found stands in the form again."""
        found = named.find(form.cleaned_data["names"].splitlines())
        try:
            ids = lists.few(found.customers.values())
            changed = lists.change(self.segment, ids, form.cleaned_data["how"], by=self.operator)
        except Refusal as refusal:
            form.add_error("names" if refusal.field else None, refusal.message)
            return self.form_invalid(form)
        self.say(_changed(changed))
        if not found.unknown:
            return HttpResponseRedirect(self.home)
        again = self.form_class(initial={"names": "\n".join(found.unknown), "how": form.cleaned_data["how"]})
        return self.render_to_response(self.get_context_data(form=again, unknown=found.unknown))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the names that lead to nobody."""
        unknown: list[str] = kwargs.pop("unknown", [])
        context = super().get_context_data(**kwargs)
        if unknown:
            context["consequence"] = ngettext(
                "%(n)s name leads to nobody; it stands above.",
                "%(n)s names lead to nobody; they stand above.",
                len(unknown),
            ) % {"n": words.number(len(unknown))}
        return context


def _changed(changed: lists.Changed) -> str:
    return _("%(entered)s put on the list, %(left)s taken off.") % {
        "entered": words.number(changed.entered),
        "left": words.number(changed.left),
    }


class FileForm(forms.Form):
    """A file and what it does to the list."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV or Excel (.xlsx), the first row naming the columns."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )
    how = forms.ChoiceField(
        label=gettext_lazy("What to do with the customers named in it"),
        choices=WAYS,
        widget=forms.RadioSelect,
        initial="add",
    )


class ListFile(FormOfSegment):
    """The first step of an import into a list; the next ones are those of every import."""

    title = gettext_lazy("Fill the list from a file")
    purpose = gettext_lazy("Nothing is written before you have seen every row's fate; it can be undone.")
    form_class = FileForm
    submit = gettext_lazy("Upload")
    done = gettext_lazy("The file has arrived. Now say what its columns hold.")

    def act(self, form: Any) -> str:
        """Take it in, with the list and the way filled in."""
        lists.require_list(self.segment)
        given = form.cleaned_data["file"]
        made = acts.upload(
            list_file.KIND, given.file, name=given.name, size=given.size, by=self.operator, now=self.now
        )
        made.options = {
            "day_order": "",
            "defaults": {"list": self.segment.title, "how": form.cleaned_data["how"]},
        }
        made.save(update_fields=["options"])
        return reverse("users:import_columns", args=[made.pk])


class TakeForm(forms.Form):
    """How many members, drawn how."""

    name = forms.CharField(label=gettext_lazy("Name of the list"), max_length=120)
    whom = forms.ChoiceField(
        label=gettext_lazy("Whom"),
        choices=[
            ("all", gettext_lazy("all members as they are now")),
            ("percent", gettext_lazy("a share of them, by lot")),
            ("count", gettext_lazy("a number of them, by lot")),
            ("split", gettext_lazy("deal them into several lists")),
            ("follow", gettext_lazy("a share that follows the segment: no list, a segment of its own")),
        ],
        widget=forms.RadioSelect,
        initial="all",
    )
    percent = forms.FloatField(
        label=gettext_lazy("Share in %"),
        required=False,
        min_value=0,
        max_value=100,
        widget=forms.NumberInput(attrs={"data-when": "whom=percent,follow"}),
    )
    count = forms.IntegerField(
        label=gettext_lazy("Number of customers"),
        required=False,
        min_value=1,
        widget=forms.NumberInput(attrs={"data-when": "whom=count"}),
    )
    parts = forms.IntegerField(
        label=gettext_lazy("Number of lists"),
        required=False,
        min_value=2,
        max_value=sampling.MOST_PARTS,
        widget=forms.NumberInput(attrs={"data-when": "whom=split"}),
    )
    word = forms.CharField(
        label=gettext_lazy("Word of the draw"),
        max_length=40,
        initial="1",
        widget=forms.TextInput(attrs={"data-when": "whom=percent,count,split,follow"}),
        help_text=gettext_lazy("The same word draws the same people again; another one draws anew."),
    )

    def clean(self) -> dict[str, Any]:
        """The figure that the choice needs."""
        given: dict[str, Any] = super().clean() or {}
        needed = NEEDED.get(given.get("whom", ""))
        if needed and not given.get(needed) and needed not in self.errors:
            self.add_error(needed, _("Say how many."))
        return given


NEEDED = {"percent": "percent", "count": "count", "split": "parts", "follow": "percent"}


def _whole(percent: float) -> int:
    """A share in whole %; what is none is no share that could follow."""
    return int(percent) if percent == int(percent) else 0


class TakeList(FormOfSegment):
    """A fixed list out of a segment: for a test, a call sheet, a comparison later."""

    title = gettext_lazy("Take a list")
    purpose = gettext_lazy(
        "A list holds whom the segment holds now and stays like that; the segment goes on changing. A share that"
        " follows changes with it."
    )
    form_class = TakeForm
    submit = gettext_lazy("Make it")
    done = gettext_lazy("Made.")

    def get_initial(self) -> dict[str, Any]:
        """A name to start from."""
        return {
            "name": f"{self.segment.title} {words.day(self.now.date())}"[:120],
            "word": "1",
            "whom": "all",
        }

    def get_consequence(self, form: Any) -> StrOrPromise:
        """How many there are to take from."""
        size = words.number(self.segment.size)
        return _("The segment has %(n)s members now.") % {"n": size}

    def act(self, form: Any) -> str:
        """Make one list or several."""
        given = form.cleaned_data
        if given["whom"] == "split":
            sampling.split(
                self.segment, given["parts"], name=given["name"], word=given["word"], by=self.operator
            )
            return reverse("segments:list")
        if given["whom"] == "follow":
            followed = sampling.following_share(
                self.segment,
                _whole(given["percent"]),
                name=given["name"],
                word=given["word"],
                by=self.operator,
            )
            return reverse("segments:segment", args=[followed.pk])
        draw = sampling.Draw(
            count=given["count"] if given["whom"] == "count" else None,
            percent=given["percent"] if given["whom"] == "percent" else None,
            word=given["word"],
        )
        made, _job = sampling.list_of_segment(self.segment, name=given["name"], draw=draw, by=self.operator)
        return reverse("segments:segment", args=[made.pk])
