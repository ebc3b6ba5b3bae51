"""Acquisition channels: the two-level list, one channel, and the clues by which visits tell theirs."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit.admin import FormPage, OperatorPage
from config.kit.parts import Action, Cell, Column, Crumb, Empty, Table
from users.models import AcquisitionChannel, ChannelClue, ClueKind, Role
from users.services import channels

LIST = "users:acquisition_channels"


def channel_tree(*, closed: bool = False) -> list[tuple[AcquisitionChannel, list[AcquisitionChannel]]]:
    """Upper channels by name in the reader's language, each with its lower ones."""
    rows = [row for row in AcquisitionChannel.objects.all() if closed or row.closed_at is None]
    rows.sort(key=lambda row: row.title.casefold())
    return [
        (upper, [row for row in rows if row.parent_id == upper.pk])
        for upper in rows
        if upper.parent_id is None
    ]


def channel_choices() -> list[tuple[str, Any]]:
    """Open channels for a form, the lower ones under their upper one."""
    choices: list[tuple[str, Any]] = [("", _("Choose a channel"))]
    for upper, lower in channel_tree():
        if lower:
            listed = [(upper.slug, upper.title), *((one.slug, one.title) for one in lower)]
            choices.append((upper.title, listed))
        else:
            choices.append((upper.slug, upper.title))
    return choices


class ChannelField(forms.ChoiceField):
    """Chooses an open channel; the cleaned value is the channel."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=gettext_lazy("Channel"), choices=channel_choices, **kwargs)

    def clean(self, value: Any) -> Any:
        """The channel of the short name."""
        slug = super().clean(value)
        return AcquisitionChannel.objects.filter(slug=slug).first() if slug else None


class ChannelList(OperatorPage):
    """Every channel, the lower ones under their upper one."""

    title = gettext_lazy("Acquisition channels")
    purpose = gettext_lazy(
        "Where customers come from, in two levels. Storefronts name them by the short name."
    )
    template_name = "operator/list.html"

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the settings."""
        return [Crumb(gettext_lazy("Settings"), reverse("users:settings"))]

    roles_that_act = (Role.OPERATOR,)

    def get_actions(self) -> Sequence[Action]:
        """The clues, and a new channel."""
        return [
            Action(
                gettext_lazy("How visits tell their channel"), reverse("users:channel_clues"), icon="rule"
            ),
            Action(gettext_lazy("New channel"), reverse("users:acquisition_channel_create"), icon="add"),
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The tree as a table."""
        rows = []
        for upper, lower in channel_tree(closed=True):
            rows.append(_row(upper, ""))
            rows += [_row(one, upper.title) for one in lower]
        columns = [
            Column(_("Channel")),
            Column(_("Belongs to")),
            Column(_("In English")),
            Column(_("In Chinese")),
            Column(_("Short name")),
            Column(_("State")),
        ]
        empty = Empty(_("No channel yet"), _("Channels say where customers come from."), icon="share")
        return super().get_context_data(**kwargs) | {"table": Table(columns, rows, empty)}


def _row(channel: AcquisitionChannel, upper: str) -> list[Any]:
    state = (
        Cell(_("Closed"), tone="warn", kind="tag")
        if channel.closed_at
        else Cell(_("In use"), tone="good", kind="tag")
    )
    name = f"↳ {channel.title}" if upper else channel.title
    url = reverse("users:acquisition_channel", args=[channel.pk])
    return [Cell(name, url=url), upper, channel.name, channel.name_zh, channel.slug, state]


class ChannelForm(forms.Form):
    """Both names, and the channel above."""

    name = forms.CharField(label=gettext_lazy("Name in English"), max_length=100)
    name_zh = forms.CharField(label=gettext_lazy("Name in Chinese"), max_length=100, required=False)
    parent = forms.ChoiceField(
        label=gettext_lazy("Belongs to"),
        required=False,
        help_text=gettext_lazy("Empty: a channel of the upper level."),
    )

    def __init__(self, *args: Any, itself: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = [(one.slug, one.title) for one, _lower in channel_tree() if one.slug != itself]
        choices = [("", _("Upper level")), *others]
        self.fields["parent"] = forms.ChoiceField(
            label=ChannelForm.base_fields["parent"].label,
            required=False,
            choices=choices,
            help_text=ChannelForm.base_fields["parent"].help_text,
        )

    def clean_parent(self) -> AcquisitionChannel | None:
        """The channel above, None for the upper level."""
        slug = self.cleaned_data.get("parent")
        return AcquisitionChannel.objects.filter(slug=slug).first() if slug else None


class NewChannelForm(ChannelForm):
    """A new channel needs a short name."""

    slug = forms.SlugField(
        label=gettext_lazy("Short name"),
        max_length=50,
        required=False,
        help_text=gettext_lazy(
            "Storefronts and files name the channel by it; it stays for ever. Empty: from the name."
        ),
    )


class ChannelFormPage(FormPage):
    """A form below the channels."""

    roles_that_act = (Role.OPERATOR,)

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the channels."""
        return [
            Crumb(gettext_lazy("Settings"), reverse("users:settings")),
            Crumb(gettext_lazy("Acquisition channels"), reverse(LIST)),
        ]


class NewChannel(ChannelFormPage):
    """A new channel."""

    title = gettext_lazy("New channel")
    purpose = gettext_lazy("Another way by which customers find the shop.")
    form_class = NewChannelForm
    submit = gettext_lazy("Create the channel")

    def act(self, form: NewChannelForm) -> str:
        """Create, then show the list."""
        channels.create_channel(**form.cleaned_data, by=self.operator)
        return reverse(LIST)


class ChangeChannel(ChannelFormPage):
    """One channel: its names, its place, closing and removing it."""

    purpose = gettext_lazy("Its names and its place in the list.")
    edits = True
    form_class = ChannelForm
    template_name = "users/acquisition_channel.html"

    @cached_property
    def channel(self) -> AcquisitionChannel:
        """Which. Raises Http404."""
        found = (
            AcquisitionChannel.objects.select_related("parent").filter(pk=self.kwargs["channel_id"]).first()
        )
        if found is None:
            raise Http404
        return found

    def get_title(self) -> StrOrPromise:
        """The name."""
        return self.channel.title

    def get_initial(self) -> dict[str, Any]:
        """As it is."""
        parent = self.channel.parent
        return {
            "name": self.channel.name,
            "name_zh": self.channel.name_zh,
            "parent": parent.slug if parent else "",
        }

    def get_form_kwargs(self) -> dict[str, Any]:
        """No channel stands below itself."""
        return super().get_form_kwargs() | {"itself": self.channel.slug}

    def get_consequence(self, form: Any) -> StrOrPromise:
        """What moving does."""
        return _("Moving it moves its customers with it, in reports and in rules; past figures follow.")

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Close, reopen or remove; else save the form."""
        acts = {
            "close": channels.close_channel,
            "reopen": channels.reopen_channel,
            "remove": channels.remove_channel,
        }
        if (act := acts.get(request.POST.get("act", ""))) is None:
            return super().post(request, *args, **kwargs)
        act(self.channel.pk, by=self.operator)
        self.say(_("Saved."))
        return HttpResponseRedirect(reverse(LIST))

    def act(self, form: ChannelForm) -> str:
        """Save, then show the list."""
        channels.change_channel(self.channel.pk, **form.cleaned_data, by=self.operator)
        return reverse(LIST)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With what may be done to it."""
        here = self.request.path
        if self.channel.closed_at:
            ends = [Action(_("Reopen"), here, method="post", name="act", value="reopen")]
        elif channels.is_used(self.channel):
            ask = _("Close “%(channel)s”? It is offered no more; what came through it stays.")
            confirm = ask % {"channel": self.channel.title}
            ends = [Action(_("Close"), here, method="post", name="act", value="close", confirm=confirm)]
        else:
            ask = _("Remove “%(channel)s”? Nothing has ever used it.") % {"channel": self.channel.title}
            ends = [
                Action(_("Remove"), here, method="post", name="act", value="remove", confirm=ask, danger=True)
            ]
        return super().get_context_data(**kwargs) | {"ends": ends}


class ClueForm(forms.Form):
    """A clue and what it means."""

    kind = forms.ChoiceField(label=gettext_lazy("Read from"), choices=ClueKind.choices)
    value = forms.CharField(
        label=gettext_lazy("Value"),
        max_length=100,
        help_text=gettext_lazy(
            "A word such as cpc or weibo; of a referring site the domain, such as weibo.com."
        ),
    )
    channel = ChannelField()


class CluesPage(ChannelFormPage):
    """The table of clues, and a form that adds or changes one."""

    title = gettext_lazy("How visits tell their channel")
    purpose = gettext_lazy(
        "A source code says its channel itself. Without one, the UTM medium is asked, then the UTM source,"
        " then the site that led here."
    )
    form_class = ClueForm
    template_name = "users/channel_clues.html"
    submit = gettext_lazy("Save the clue")
    done = gettext_lazy("Saved. Customers whose channel was not known are looked through again.")

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Take a clue away, or save the form."""
        taken = request.POST.get("remove", "")
        if not taken.isdecimal():
            return super().post(request, *args, **kwargs)
        channels.remove_clue(int(taken[:18]), by=self.operator)
        self.say(_("The clue is gone; customers it placed stay where they are."))
        return HttpResponseRedirect(request.path)

    def act(self, form: ClueForm) -> None:
        """Add or change."""
        channels.add_clue(**form.cleaned_data, by=self.operator)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """By kind and value, in the order in which they are asked."""
        order = {kind: place for place, kind in enumerate(ClueKind.values)}
        clues = sorted(
            ChannelClue.objects.select_related("channel"), key=lambda clue: (order[clue.kind], clue.value)
        )
        rows = [
            [
                clue.get_kind_display(),
                clue.value,
                Cell(clue.channel.title, url=reverse("users:acquisition_channel", args=[clue.channel_id])),
                self._removal(clue) if self.may_act else "",
            ]
            for clue in clues
        ]
        columns = [Column(_("Read from")), Column(_("Value")), Column(_("Channel")), Column("", "action")]
        empty = Empty(_("No clue yet"), _("Only source codes and storefronts tell the channel."), icon="rule")
        return super().get_context_data(**kwargs) | {"table": Table(columns, rows, empty)}

    def _removal(self, clue: ChannelClue) -> Cell:
        ask = _("Take the clue “%(clue)s” away?") % {"clue": clue.value}
        action = Action(
            _("Remove"), self.request.path, method="post", name="remove", value=str(clue.pk), confirm=ask
        )
        return Cell(action, kind="action")
