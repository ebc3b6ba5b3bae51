"""One source code: making, changing, closing it; its link and QR picture; what it brought."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit import words
from config.kit.admin import FormPage, OperatorPage
from config.kit.charts import Chart, Series
from config.kit.given_names import as_read
from config.kit.parts import Action, Cell, Crumb, Fact, Stat
from users import qr
from users.admin.acquisition_channels import ChannelField
from users.admin.sources import DEFAULT_DAYS, NOTHING
from users.groups import group_url
from users.models import OwnerKind, Role, SourceCode
from users.reports import sources as report
from users.reports.channels import last_days
from users.reports.periods import Period
from users.reports.sources import Brought
from users.services import sources
from users.services.sources import SourceDraft
from users.shop import currency


class SourceForm(forms.Form):
    """What a source code says."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    channel = ChannelField()
    platform = forms.CharField(
        label=gettext_lazy("Platform"),
        max_length=30,
        required=False,
        help_text=gettext_lazy("web, wechat, ios …"),
    )
    owner_kind = forms.ChoiceField(label=gettext_lazy("Kind of owner"), choices=OwnerKind.choices)
    owner = forms.CharField(
        label=gettext_lazy("Code owner"),
        max_length=100,
        help_text=gettext_lazy("The person, store, account, stream, article or group it belongs to."),
    )
    target = forms.CharField(
        label=gettext_lazy("Leads to"),
        max_length=500,
        widget=forms.URLInput(),
        help_text=gettext_lazy("A page of the shop. The code and the UTM below are added to it."),
    )
    utm_source = forms.CharField(label=gettext_lazy("UTM source"), max_length=100, required=False)
    utm_medium = forms.CharField(label=gettext_lazy("UTM medium"), max_length=100, required=False)
    utm_campaign = forms.CharField(label=gettext_lazy("UTM campaign"), max_length=100, required=False)
    utm_term = forms.CharField(label=gettext_lazy("UTM term"), max_length=100, required=False)
    utm_content = forms.CharField(label=gettext_lazy("UTM content"), max_length=100, required=False)

    def draft(self) -> SourceDraft:
        """The cleaned values, without the code itself."""
        return SourceDraft(**{name: self.cleaned_data[name] for name in SourceDraft.__slots__})


class NewSourceForm(SourceForm):
    """With the code, which stays for ever."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=60,
        help_text=gettext_lazy("Stands in the link and stays for ever: Latin letters, digits, “-” and “_”."),
    )
    field_order = ("code",)


class SourceFormPage(FormPage):
    """A form below the source codes."""

    roles_that_act = (Role.OPERATOR,)

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the source codes."""
        return [
            Crumb(gettext_lazy("Reports"), reverse("users:reports")),
            Crumb(gettext_lazy("Source codes"), reverse("users:sources")),
        ]

    def get_consequence(self, form: Any) -> StrOrPromise:
        """Where it may lead."""
        return _("The link may lead to: %(hosts)s") % {"hosts": ", ".join(sorted(sources.allowed_hosts()))}


class NewSource(SourceFormPage):
    """A new source code."""

    title = gettext_lazy("New source code")
    purpose = gettext_lazy("A link and a QR picture for one owner in one place.")
    form_class = NewSourceForm
    submit = gettext_lazy("Create the source code")

    def act(self, form: NewSourceForm) -> str:
        """Create, then show it."""
        made = sources.create_source(form.cleaned_data["code"], form.draft(), by=self.operator)
        return reverse("users:source", args=[made.pk])


class OneSource(OperatorPage):
    """Pages about one source code."""

    @cached_property
    def source(self) -> SourceCode:
        """Which. Raises Http404."""
        found = SourceCode.objects.select_related("channel").filter(pk=self.kwargs["source_id"]).first()
        if found is None:
            raise Http404
        return found

    def get_title(self) -> StrOrPromise:
        """The name."""
        return as_read(self.source.name)


class ChangeSource(OneSource, SourceFormPage):
    """Everything but the code itself."""

    purpose = gettext_lazy("The code itself stays; so does the channel of a code that brought somebody.")
    edits = True
    form_class = SourceForm

    def get_initial(self) -> dict[str, Any]:
        """As it is."""
        plain = {name: getattr(self.source, name) for name in SourceDraft.__slots__}
        return plain | {"channel": self.source.channel.slug}

    def act(self, form: SourceForm) -> str:
        """Save, then show it."""
        sources.change_source(self.source.pk, form.draft(), by=self.operator)
        return reverse("users:source", args=[self.source.pk])


class SourcePage(OneSource):
    """One source code: its link and picture, its owner, what it brought."""

    purpose = gettext_lazy("Its link, its QR picture, and whom it brought.")
    template_name = "users/source.html"
    roles_that_act = (Role.OPERATOR,)

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the source codes."""
        return [
            Crumb(gettext_lazy("Reports"), reverse("users:reports")),
            Crumb(gettext_lazy("Source codes"), reverse("users:sources")),
        ]

    def get_actions(self) -> Sequence[Action]:
        """Close or reopen, change."""
        here = self.request.path
        closing = (
            Action(_("Reopen"), here, method="post", name="act", value="reopen")
            if self.source.closed_at
            else Action(
                _("Close"),
                here,
                method="post",
                name="act",
                value="close",
                confirm=_("Close the code? Its link then leads to a page that says so."),
            )
        )
        return [
            closing,
            Action(_("Change"), reverse("users:source_change", args=[self.source.pk]), icon="edit"),
        ]

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Close or reopen."""
        act = request.POST.get("act", "")
        if act in ("close", "reopen"):
            sources.set_closed(self.source.pk, closed=act == "close", by=self.operator)
            self.say(_("Saved."))
        return HttpResponseRedirect(request.path)

    @cached_property
    def codes(self) -> tuple[dict[str, Brought], datetime]:
        """What each code brought in the last 90 days."""
        return report.by_code(last_days(self.now, DEFAULT_DAYS), self.now)

    def get_as_of(self) -> datetime:
        """When that was counted."""
        return self.codes[1]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The last 90 days and, for the customers, all time."""
        period = last_days(self.now, DEFAULT_DAYS)
        brought = self.codes[0].get(self.source.code, NOTHING)
        return super().get_context_data(**kwargs) | {
            "source": self.source,
            "link": sources.short_link(self.source),
            "landing": sources.landing_address(self.source, {}),
            "facts": self._facts(),
            "stats": self._stats(brought, period),
            "chart": self._chart(last_days(self.now, 30)),
        }

    def _facts(self) -> list[Fact]:
        one = self.source
        utm = ", ".join(f"{name}={getattr(one, name)}" for name in sources.UTM_FIELDS if getattr(one, name))
        return [
            Fact(_("Code"), Cell(one.code)),
            Fact(_("Channel"), Cell(one.channel.title)),
            Fact(_("Platform"), Cell(one.platform)),
            Fact(_("Code owner"), Cell(words.aside(as_read(one.owner), one.get_owner_kind_display()))),
            Fact(_("UTM"), Cell(utm)),
            Fact(_("Created"), Cell(one.created_at, kind="time")),
        ]

    def _stats(self, brought: Brought, period: Period) -> list[Stat]:
        def url(what: str) -> str:
            whom = {"code": self.source.code, "first": period.first, "last": period.last}
            return group_url("source", what=what, **whom)

        window = _("last %(n)s days") % {"n": DEFAULT_DAYS}
        to_date = _("to date")
        return [
            Stat(_("People reached"), brought.reach, window=window),
            Stat(_("Customers"), brought.customers, window=window, url=url("came")),
            Stat(_("Buyers"), brought.buyers, window=to_date, url=url("bought")),
            Stat(_("Orders"), brought.orders, window=to_date, url=url("bought")),
            Stat(_("Net revenue"), brought.revenue, "money", currency=currency.get(), window=to_date),
            Stat(_("Stayed 30 days"), brought.staying, "percent", of=brought.matured, url=url("stayed")),
        ]

    def _chart(self, period: Period) -> Chart:
        days = report.visits(self.source, period)
        return Chart(
            "visits",
            _("Visits at the link"),
            [words.day(day, "short") for day, _people, _programs in days],
            [
                Series(_("People"), [people for _day, people, _programs in days]),
                Series(_("Programs"), [programs for _day, _people, programs in days]),
            ],
            kind="bar",
            category_title=_("Day"),
            summary=period.sentence,
            height=180,
        )


class QrPicture(OneSource):
    """The QR picture of the short link, as a file."""

    def get_file(self) -> HttpResponse:
        """SVG or PNG; ``?download=1`` offers it to be saved."""
        link = sources.short_link(self.source)
        kind = self.kwargs["kind"]
        data, content_type = (qr.png(link), "image/png") if kind == "png" else (qr.svg(link), "image/svg+xml")
        response = HttpResponse(data, content_type=content_type)
        if "download" in self.request.GET:
            response["Content-Disposition"] = f'attachment; filename="{self.source.code}.{kind}"'
        response["Cache-Control"] = "private, max-age=3600"
        return response
