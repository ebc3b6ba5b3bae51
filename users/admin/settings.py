"""Settings: an overview of everything that can be set, and the shop's values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit.admin import OWNER, FormPage, OperatorPage, may_open
from config.kit.parts import Crumb
from users.keeping import PREFIX
from users.services import settings as service
from users.shop import Setting, second_factor, settings


@dataclass(frozen=True, slots=True)
class Screen:
    """A settings screen: its title, what it decides, its address name, its symbol."""

    title: StrOrPromise
    about: StrOrPromise
    page: str
    icon: str


SCREENS = (
    Screen(
        gettext_lazy("Shop"),
        gettext_lazy("Name, currency and the limits that everything else uses."),
        "users:shop",
        "storefront",
    ),
    Screen(
        gettext_lazy("Stages"),
        gettext_lazy("After how many days a customer counts as dormant or churned."),
        "users:lifecycle",
        "timeline",
    ),
    Screen(
        gettext_lazy("Topics"),
        gettext_lazy("What a customer may agree to or refuse."),
        "admin:users_topic_changelist",
        "topic",
    ),
    Screen(
        gettext_lazy("Acquisition channels"),
        gettext_lazy("Where customers come from, in two levels."),
        "users:acquisition_channels",
        "share",
    ),
    Screen(
        gettext_lazy("How visits tell their channel"),
        gettext_lazy("Which address, campaign or site stands for which channel, in what order."),
        "users:channel_clues",
        "rule",
    ),
    Screen(
        gettext_lazy("Categories"),
        gettext_lazy("The tree in which the products stand."),
        "users:categories",
        "account_tree",
    ),
    Screen(
        gettext_lazy("Exchange rates"),
        gettext_lazy("What other currencies are worth in the shop's own, by day."),
        "users:rates",
        "currency_exchange",
    ),
    Screen(
        gettext_lazy("Attributes"),
        gettext_lazy("What the traffic tells of customers beyond the profile, under names for people."),
        "users:attributes",
        "data_object",
    ),
    Screen(
        gettext_lazy("Tags"),
        gettext_lazy("Words that operators and rules put on customers."),
        "users:tags",
        "sell",
    ),
    Screen(
        gettext_lazy("Event types"),
        gettext_lazy("Which events count as activity."),
        "admin:users_eventtype_changelist",
        "bolt",
    ),
    Screen(
        gettext_lazy("Levels"),
        gettext_lazy("The ladder of levels by growth value."),
        "growth:levels",
        "military_tech",
    ),
    Screen(
        gettext_lazy("Import & export"),
        gettext_lazy("Files that came in, with what became of every row, and files that went out."),
        "users:imports",
        "swap_vert",
    ),
    Screen(
        gettext_lazy("Operators"),
        gettext_lazy("Who may log in, and in which role."),
        "users:operators",
        "badge",
    ),
    Screen(
        gettext_lazy("Shop connections"),
        gettext_lazy("Shops and marketplaces that tell of their orders by webhook."),
        "users:connections",
        "cable",
    ),
    Screen(
        gettext_lazy("Privacy"),
        gettext_lazy("How long each kind of data is kept, and who was erased."),
        "users:keeping",
        "shield_person",
    ),
    Screen(
        gettext_lazy("API keys"),
        gettext_lazy("What storefronts and back ends use to talk to Regulars."),
        "users:api_keys",
        "key",
    ),
    Screen(
        gettext_lazy("Audit trail"),
        gettext_lazy("Who did what, with what was before and after."),
        "users:audit",
        "history",
    ),
    Screen(
        gettext_lazy("Jobs"),
        gettext_lazy("What runs by itself, when it last ran and how it went."),
        "users:jobs",
        "schedule",
    ),
)


class SettingsPage(OperatorPage):
    """Every screen of settings that this operator may open."""

    title = gettext_lazy("Settings")
    purpose = gettext_lazy("What the shop decides once and everything else relies on.")
    template_name = "users/settings.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The screens that exist."""
        found = [(screen, _address(screen.page)) for screen in SCREENS]
        shown = [(screen, url) for screen, url in found if url and may_open(self.operator, url)]
        return super().get_context_data(**kwargs) | {
            "screens": shown,
            "without_factor": second_factor.get() != 1,
            "operators": _address("users:operators") if self.operator.role == OWNER else "",
        }


class SettingsForm(FormPage):
    """A form below the settings."""

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the settings."""
        return [Crumb(gettext_lazy("Settings"), reverse("users:settings"))]


class ShopForm(forms.Form):
    """One field per declared setting, by the type of its default."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for setting in settings:
            if setting.name.startswith(PREFIX) or setting is second_factor:
                continue  # on pages of their own
            self.fields[setting.name] = _field(setting)

    def sections(self) -> list[tuple[StrOrPromise, list[forms.BoundField]]]:
        """The fields under the titles to which they belong, in the order in which those come first."""
        found: dict[StrOrPromise, list[forms.BoundField]] = {}
        for name in self.fields:
            found.setdefault(settings[name].section, []).append(self[name])
        return list(found.items())


class ShopPage(SettingsForm):
    """The declared settings of users and of the apps above."""

    title = gettext_lazy("Shop")
    purpose = gettext_lazy("Values that hold for the whole shop; each says what it decides.")
    edits = True
    template_name = "users/shop.html"
    form_class = ShopForm
    done = gettext_lazy("The settings are saved.")

    def act(self, form: ShopForm) -> None:
        """Store what changed."""
        service.change(form.cleaned_data, by=self.operator)


def _field(setting: Setting[Any]) -> forms.Field:
    told: dict[str, Any] = {"label": setting.sentence, "initial": setting.get()}
    if setting.words:
        return forms.TypedChoiceField(choices=setting.words, coerce=int, **told)
    if isinstance(setting.default, str):
        return forms.CharField(max_length=service.LONGEST, required=not _may_be_empty(setting), **told)
    kind = forms.IntegerField if isinstance(setting.default, int) else forms.FloatField
    return kind(min_value=0, max_value=service.LARGEST, **told)


def _may_be_empty(setting: Setting[Any]) -> bool:
    if setting.check is None:
        return True
    try:
        setting.check("")
    except ValueError:
        return False
    return True


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
