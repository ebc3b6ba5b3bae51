"""Tags: the list with what each is on, one tag, and a tag put on a whole group."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit import words
from config.kit.admin import FormPage, OperatorPage
from config.kit.given_names import as_read
from config.kit.parts import Action, Cell, Column, Crumb, Empty, Table
from config.kit.refusal import Refusal
from users.groups import Group, group_url, read_group
from users.models import Customer, CustomerTag, Role, Tag, TagRun
from users.reports import stored
from users.services import tag_acts

WHO_ACTS = (Role.OPERATOR,)
LIST = "users:tags"
MOST = 500
SOURCES = {
    "hand": gettext_lazy("by hand"), "rule": gettext_lazy("by a rule"), "import": gettext_lazy("by import"),
    "bulk": gettext_lazy("in one go"), "list": gettext_lazy("kept list"),
}  # fmt: skip


class TagList(OperatorPage):
    """Every tag with its category, its customers and where it came from."""

    title = gettext_lazy("Tags")
    purpose = gettext_lazy(
        "Labels on customers: by hand, by a rule, by import, or on a whole group in one go."
    )
    template_name = "users/tags.html"
    roles_that_act = WHO_ACTS

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the customers."""
        return [Crumb(_("Customers"), reverse("users:customers"))]

    def get_actions(self) -> Sequence[Action]:
        """Tags from a file."""
        return (
            [Action(_("Import"), f"{reverse('users:import_create')}?kind=tags", icon="upload")]
            if self.may_act
            else []
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The tags, and what was done to whole groups."""
        tags = list(Tag.objects.order_by("category", "name")[:MOST])
        counted: dict[int, dict[str, int]] = {}
        for tag_id, source, n in self.counted.rows:
            counted.setdefault(tag_id, {})[source] = n
        return super().get_context_data(**kwargs) | {
            "table": _tags(tags, counted, tag_acts.keepers(tags)),
            "runs": self._runs(),
        }

    @cached_property
    def counted(self) -> stored.Found:
        """Customers by tag and where it came from."""
        rows = CustomerTag.objects.values_list("tag_id", "source").annotate(n=Count("customer_id"))
        return stored.lately(
            "tags", lambda: list(rows.order_by("tag_id")), self.now, of=["users_customertag"]
        )

    def get_as_of(self) -> datetime:
        """When they were counted."""
        return self.counted.as_of

    def _runs(self) -> Table:
        runs = TagRun.objects.select_related("tag", "by", "job").order_by("-pk")[:20]
        return Table(
            columns=[
                Column(_("Tag")), Column(_("What")), Column(_("Whom")), Column(_("When"), "time"), Column(_("By")),
                Column(_("Customers"), "number"), Column("", "action"),
            ],
            rows=[self._run(run) for run in runs],
            empty=Empty(
                _("No group was tagged yet"),
                _("Open the customers behind a number or a segment and choose “Tag them all”."),
                icon="sell",
            ),
            caption=_("Groups tagged in one go"),
        )  # fmt: skip

    def _run(self, run: TagRun) -> list[Any]:
        undo = Action(
            _("Undo"), self.request.path, method="post", danger=True, name="undo", value=str(run.pk),
            confirm=_("Undo this for %(n)s customers? What changed since stays.") % {"n": words.number(run.customers)},
        )  # fmt: skip
        can = self.may_act and run.finished_at is not None and run.undone_at is None
        what = _("put on") if run.is_on else _("taken off")
        state = _("undone") if run.undone_at else what if run.finished_at else _("Under way.")
        return [
            as_read(run.tag.name), state, tag_acts.whom(run), run.at, str(run.by or ""), run.customers,
            Cell(undo) if can else Cell("", kind="text"),
        ]  # fmt: skip

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Undo one tagging of a group."""
        number = request.POST.get("undo", "")
        run = (
            TagRun.objects.filter(pk=int(number)).first() if number.isdecimal() and len(number) < 19 else None
        )
        if run is not None:
            tag_acts.undo_group(run, by=self.operator)
            self.say(_("Under way."))
        return HttpResponseRedirect(request.path)


def _where_from(counted: dict[str, int]) -> str:
    told = _("%(name)s: %(value)s")
    return _(", ").join(
        told % {"name": SOURCES.get(source, source), "value": words.number(n)}
        for source, n in sorted(counted.items())
    )


def _tags(tags: Sequence[Tag], counted: dict[int, dict[str, int]], keepers: dict[int, str]) -> Table:
    return Table(
        columns=[
            Column(_("Tag")), Column(pgettext("tag", "Category")), Column(_("Customers"), "number"),
            Column(_("Where from")), Column(_("Kept by")),
        ],
        rows=[
            [
                Cell(as_read(tag.name), url=reverse("users:tag", args=[tag.pk])),
                as_read(tag.category),
                Cell(sum(counted.get(tag.pk, {}).values()), url=group_url("tag", tag=tag.pk)),
                _where_from(counted.get(tag.pk, {})),
                keepers.get(tag.pk, ""),
            ]
            for tag in tags
        ],
        empty=Empty(
            _("No tag yet"),
            _("A tag is put on a customer's page, by a rule, by import, or on a whole group."),
            icon="sell",
        ),
        caption=_("Tags"),
    )  # fmt: skip


class TagForm(forms.Form):
    """Name and category."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    category = forms.CharField(label=pgettext_lazy("tag", "Category"), max_length=60, required=False)


class TagPage(FormPage):
    """One tag: its name, merging, deleting."""

    template_name = "users/tag.html"
    edits = True
    form_class = TagForm
    roles_that_act = WHO_ACTS

    @cached_property
    def tag(self) -> Tag:
        """The tag of the address."""
        found = Tag.objects.filter(pk=self.kwargs["tag_id"]).first()
        if found is None:
            raise Http404
        return found

    def get_title(self) -> StrOrPromise:
        """Its name."""
        return as_read(self.tag.name)

    def get_purpose(self) -> StrOrPromise:
        """What uses it."""
        if keeper := tag_acts.keepers([self.tag]).get(self.tag.pk):
            return _("Kept by: %(names)s") % {"names": keeper}
        used = tag_acts.users_of(self.tag)
        return (
            _("Used by: %(names)s") % {"names": words.listed(used)} if used else _("No rule uses this tag.")
        )

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the tags."""
        return [Crumb(TagList.title, reverse(LIST))]

    def get_initial(self) -> dict[str, Any]:
        """As it is."""
        return {"name": self.tag.name, "category": self.tag.category}

    def get_actions(self) -> Sequence[Action]:
        """Its customers; deleting, after the typing of its name."""
        show = Action(_("Customers"), group_url("tag", tag=self.tag.pk), icon="group")
        if not self.may_act:
            return [show]
        count = CustomerTag.objects.filter(tag=self.tag).count()
        sentence = _("Delete this tag and take it off %(n)s customers?") % {"n": words.number(count)}
        delete = Action(
            _("Delete"), self.request.path, icon="delete", method="post", danger=True, name="act", value="delete",
            confirm=sentence, ask_for=str(self.tag),
        )  # fmt: skip
        if not self.tag.kept_by:
            return [delete, show]
        let_go = Action(
            _("Let go of it"), self.request.path, icon="lock_open", method="post", name="act", value="let_go",
            confirm=_("Its customers keep the tag; from now on it is put on and taken off by hand only."),
        )  # fmt: skip
        return [let_go, show]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Other tags to merge into."""
        others = Tag.objects.exclude(pk=self.tag.pk).order_by("name")[:MOST]
        count = CustomerTag.objects.filter(tag=self.tag).count()
        ask = _("Merge “%(tag)s” into the chosen tag? %(n)s customers change over; it cannot be undone.")
        return super().get_context_data(**kwargs) | {
            "others": others,
            "tag": self.tag,
            "ask": ask % {"tag": self.tag, "n": words.number(count)},
        }

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Delete, let go of it, merge, or save the form."""
        wanted = request.POST.get("act", "")
        if wanted == "let_go":
            tag_acts.keep_by(self.tag, "", None, by=self.operator)
            self.say(_("No rule keeps this tag any more."))
            return HttpResponseRedirect(request.path)
        if wanted == "delete":
            tag_acts.delete(self.tag, by=self.operator)
            self.say(_("The tag is gone."))
            return HttpResponseRedirect(reverse(LIST))
        if wanted == "merge":
            number = request.POST.get("into", "")
            into = (
                Tag.objects.filter(pk=int(number)).first()
                if number.isdecimal() and len(number) < 19
                else None
            )
            if into is None:
                raise Refusal("no_tag", _("This tag is no longer there. Choose another one."))
            tag_acts.merge(self.tag, into, by=self.operator)
            self.say(_("Merged."))
            return HttpResponseRedirect(reverse("users:tag", args=[into.pk]))
        return super().post(request, *args, **kwargs)

    def act(self, form: Any) -> None:
        """Save."""
        tag_acts.change(self.tag, **form.cleaned_data, by=self.operator)


class GroupTagForm(forms.Form):
    """Which tag, on or off."""

    name = forms.CharField(label=gettext_lazy("Tag"), max_length=60)
    way = forms.ChoiceField(
        label=gettext_lazy("What to do"),
        choices=[("on", gettext_lazy("Put it on")), ("off", gettext_lazy("Take it off"))],
        widget=forms.RadioSelect,
        initial="on",
    )


class TagGroup(FormPage):
    """A tag on, or off, everybody of a group."""

    title = gettext_lazy("Tag them all")
    purpose = gettext_lazy("Puts a tag on everybody behind a number, in the background; it can be undone.")
    form_class = GroupTagForm
    submit = gettext_lazy("Do it")
    done = gettext_lazy("Under way.")
    roles_that_see = roles_that_act = WHO_ACTS

    @cached_property
    def group(self) -> Group:
        """The group of the address. Raises Refusal."""
        return read_group(self.request.GET.get("group", ""), self.now)

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the tags."""
        return [Crumb(TagList.title, reverse(LIST))]

    @cached_property
    def counted(self) -> stored.Found:
        """How many they are; of a large shop as it stood some minutes ago."""
        found = Customer.objects.living().filter(pk__in=self.group.customers)
        asked = f"group {self.request.GET.get('group', '')}"
        return stored.lately(asked, lambda: [[found.count()]], self.now, of=["users_customer"])

    def get_as_of(self) -> datetime:
        """When they were counted."""
        return self.counted.as_of

    def get_consequence(self, form: Any) -> StrOrPromise:
        """Whom, and how many."""
        count = self.counted.rows[0][0]
        return _("%(who)s: %(n)s customers now.") % {"who": self.group.sentence, "n": words.number(count)}

    def act(self, form: Any) -> str:
        """Start it."""
        is_on = form.cleaned_data["way"] == "on"
        spec = self.request.GET.get("group", "")
        tag_acts.tag_group(form.cleaned_data["name"], group=spec, is_on=is_on, by=self.operator, now=self.now)
        return reverse(LIST)


class UntagGroup(TagGroup):
    """A tag off everybody of a group: the same page, with the other answer ready."""

    title = gettext_lazy("Take a tag off")
    purpose = gettext_lazy("Takes a tag off everybody of a group, in the background; it can be undone.")

    def get_initial(self) -> dict[str, Any]:
        """Off."""
        return {"way": "off"}
