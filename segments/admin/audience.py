"""An audience for an advertising platform: asked for, and what went into earlier ones."""

from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit import words
from config.kit.parts import Action, Cell, Column, Empty, Table
from segments.admin.named_members import FormOfSegment
from segments.audiences import PLATFORMS
from segments.models import Audience
from segments.services import audience_export
from users.services.exports.acts import may_fetch

CHANNELS = [("email", gettext_lazy("E-mail")), ("phone", gettext_lazy("Phone"))]
HASHES = [("sha256", "SHA-256"), ("md5", "MD5")]
SHOWN = 20


class AudienceForm(forms.Form):
    """For whom, by what."""

    platform = forms.ChoiceField(label=gettext_lazy("Platform"), widget=forms.RadioSelect)
    channel = forms.ChoiceField(
        label=gettext_lazy("Addresses"), choices=CHANNELS, widget=forms.RadioSelect, initial="email"
    )
    algorithm = forms.ChoiceField(
        label=gettext_lazy("Hash"),
        choices=HASHES,
        widget=forms.RadioSelect,
        initial="sha256",
        help_text=gettext_lazy("Tencent Ads takes MD5, Ocean Engine both, the others SHA-256."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["platform"].choices = [(one.name, one.title) for one in PLATFORMS.values()]  # type: ignore[attr-defined]  # a ChoiceField


class NewAudience(FormOfSegment):
    """Hashed addresses of those who agreed to advertising on other platforms."""

    title = gettext_lazy("Audience for an advertising platform")
    purpose = gettext_lazy(
        "A file of hashed addresses of the members who agreed to “Advertising on other platforms”, and of nobody else."
    )
    template_name = "segments/audience.html"
    form_class = AudienceForm
    submit = gettext_lazy("Make the file")
    done = gettext_lazy("The file is being made. It appears below when it is ready.")

    def get_initial(self) -> dict[str, Any]:
        """What most shops want."""
        return {"platform": "meta", "channel": "email", "algorithm": "sha256"}

    def get_consequence(self, form: Any) -> StrOrPromise:
        """What happens to whom."""
        return _(
            "Of %(n)s members only those go in who said yes to this topic on this channel, did not refuse profiling"
            " and have an address that works. Each is told so in the copy of their data. The file is gone after a day."
        ) % {"n": words.number(self.segment.size)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the earlier ones."""
        return super().get_context_data(**kwargs) | {"table": self._earlier()}

    def _earlier(self) -> Table:
        rows = (
            Audience.objects.filter(segment=self.segment).select_related("export__job", "by").order_by("-pk")
        )
        return Table(
            columns=[
                Column(_("Asked for"), "time"), Column(_("Platform")), Column(_("Addresses")),
                Column(_("Customers in it"), "number"), Column(_("Left out")), Column(_("By")), Column(""),
            ],
            rows=[self._line(one) for one in rows[:SHOWN]],
            empty=Empty(_("No audience of this segment yet"), icon="ads_click"),
            caption=_("Earlier audiences"),
        )  # fmt: skip

    def _line(self, one: Audience) -> list[Any]:
        addresses = f"{dict(CHANNELS)[one.channel]} · {dict(HASHES)[one.algorithm]}"
        return [
            one.asked_at, PLATFORMS[one.platform].title, addresses,
            one.members_count, left_out_words(one), str(one.by or ""), self._file(one),
        ]  # fmt: skip

    def _file(self, one: Audience) -> Cell:
        export = one.export
        if export is None or (export.expires_at is not None and export.expires_at <= self.now):
            return Cell(_("Expired"), tone="muted")
        if export.ready_at is None:
            return Cell(_("Being made"), tone="info", url=reverse("users:jobs"))
        if not may_fetch(export, self.operator):
            return Cell(_("Ready"), tone="good")
        return Cell(_("Download"), url=reverse("users:export_file", args=[export.pk]))

    def act(self, form: Any) -> str:
        """Ask for it."""
        audience_export.ask(self.segment, **form.cleaned_data, by=self.operator)
        return self.request.path


def left_out_words(audience: Audience) -> str:
    """How many stayed out, by reason."""
    told = [
        f"{words.number(count)} {audience_export.REASONS[reason]}"
        for reason, count in audience.left_out.items()
        if count and reason in audience_export.REASONS
    ]
    return str(_("; ")).join(told)


def action_of(segment_id: int) -> Action:
    """The button that leads here."""
    return Action(_("Audience for ads"), reverse("segments:audience", args=[segment_id]), icon="ads_click")
