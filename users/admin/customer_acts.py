"""Forms below the customer page: correct the profile, record what the customer said about messages."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.http import Http404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit import clock, words
from config.kit.admin import FormPage
from config.kit.parts import Crumb
from config.kit.zones import zone_names
from users.consent_words import BY_HAND
from users.models import Channel, Customer, Gender, Role, Topic
from users.profile import is_birthday
from users.services import consent_acts, profile_acts
from users.services.preferences import OFFERED, title_of


class CustomerForm(FormPage):
    """A form about one customer."""

    roles_that_see = (Role.OPERATOR, Role.SUPPORT)
    roles_that_act = (Role.OPERATOR, Role.SUPPORT)

    @cached_property
    def customer(self) -> Customer:
        """The customer of the address. Raises Http404 for an unknown or erased one."""
        found = (
            Customer.objects.living().filter(pk=self.kwargs["customer_id"], standing__isnull=False).first()
        )
        if found is None:
            raise Http404
        return found

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the customer."""
        return [
            Crumb(gettext_lazy("Customers"), reverse("users:customers")),
            Crumb(str(self.customer), reverse("users:customer", args=[self.customer.pk])),
        ]

    def back(self) -> str:
        """The customer page."""
        return reverse("users:customer", args=[self.customer.pk])


class ProfileForm(forms.Form):
    """The columns of a profile that people fill in."""

    name = forms.CharField(label=pgettext_lazy("of a person", "Name"), max_length=200, required=False)
    first_name = forms.CharField(label=gettext_lazy("First name"), max_length=100, required=False)
    last_name = forms.CharField(label=gettext_lazy("Last name"), max_length=100, required=False)
    gender = forms.ChoiceField(
        label=gettext_lazy("Gender"),
        choices=[("", gettext_lazy("not known")), *Gender.choices],
        required=False,
    )
    birthday = forms.DateField(
        label=gettext_lazy("Birthday"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    country = forms.CharField(
        label=gettext_lazy("Country"),
        max_length=2,
        required=False,
        validators=[RegexValidator("^[A-Za-z]{2}$", gettext_lazy("Two letters, such as CN."))],
        help_text=gettext_lazy("Two letters, such as CN."),
    )
    region = forms.CharField(label=gettext_lazy("Region"), max_length=100, required=False)
    city = forms.CharField(label=gettext_lazy("City"), max_length=100, required=False)
    language = forms.CharField(
        label=gettext_lazy("Language"),
        max_length=10,
        required=False,
        help_text=gettext_lazy("Such as zh-hans or en; messages are written in it."),
    )
    time_zone = forms.CharField(
        label=gettext_lazy("Time zone"),
        max_length=64,
        required=False,
        help_text=gettext_lazy("Such as Asia/Shanghai; it decides when a message may arrive."),
    )
    occupation = forms.CharField(label=gettext_lazy("Occupation"), max_length=100, required=False)
    industry = forms.CharField(label=gettext_lazy("Industry"), max_length=100, required=False)
    income_band = forms.CharField(label=gettext_lazy("Income band"), max_length=50, required=False)
    education = forms.CharField(label=gettext_lazy("Education"), max_length=50, required=False)
    interests = forms.CharField(
        label=gettext_lazy("Interests"),
        required=False,
        max_length=2000,
        help_text=gettext_lazy("With commas between."),
    )

    def clean_birthday(self) -> date | None:
        """A day that somebody alive can have been born on."""
        day: date | None = self.cleaned_data["birthday"]
        if day and not is_birthday(day, clock.now()):
            raise forms.ValidationError(_("A birthday is a day of the past."))
        return day

    def clean_time_zone(self) -> str:
        """A zone that this machine knows."""
        name: str = self.cleaned_data["time_zone"]
        if name and name not in zone_names():
            raise forms.ValidationError(_("There is no such time zone."))
        return name

    def clean_country(self) -> str:
        """In capitals."""
        return str(self.cleaned_data["country"]).upper()

    def clean_interests(self) -> list[str]:
        """As a list."""
        told = str(self.cleaned_data["interests"]).replace("，", ",").replace("、", ",")
        return [part.strip() for part in told.split(",") if part.strip()]


class EditProfile(CustomerForm):
    """Correct a profile: what is written here outdoes what the traffic said before."""

    title = gettext_lazy("Edit the profile")
    edits = True
    form_class = ProfileForm
    done = gettext_lazy("The profile is saved.")

    def get_purpose(self) -> StrOrPromise:
        """Who, and what holds afterwards."""
        return _("What you write here holds until the customer or the shop tells something newer.")

    def get_initial(self) -> dict[str, Any]:
        """As it is."""
        known = {name: getattr(self.customer, name) for name in profile_acts.EDITABLE}
        return {**known, "interests": ", ".join(map(str, self.customer.interests))}

    def act(self, form: ProfileForm) -> str:
        """Save what changed."""
        profile_acts.edit(self.customer, form.cleaned_data, by=self.operator, now=self.now)
        return self.back()


class ConsentForm(forms.Form):
    """An answer given outside the software."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    topic = forms.ChoiceField(label=gettext_lazy("Topic"))
    channel = forms.ChoiceField(
        label=gettext_lazy("Message channel"), choices=[(channel.value, channel.label) for channel in OFFERED]
    )
    granted = forms.ChoiceField(
        label=gettext_lazy("Answer"),
        choices=[("yes", gettext_lazy("Yes, messages may be sent")), ("no", gettext_lazy("No"))],
        widget=forms.RadioSelect,
    )
    given_on = forms.DateField(
        label=gettext_lazy("Given on"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("The day of the answer, shop time. A newer answer on record stays in force."),
    )
    source = forms.ChoiceField(label=gettext_lazy("How it was given"), choices=BY_HAND)
    wording = forms.CharField(
        label=gettext_lazy("Wording"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("Which text the customer agreed to, such as form-2026-05. Needed for a yes."),
    )
    evidence = forms.CharField(
        label=gettext_lazy("Evidence"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "Where the proof is: the folder, the recording, the witness. Needed for a yes."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        topics = Topic.objects.filter(is_service=False).order_by("pk")
        field = self.fields["topic"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(topic.slug, title_of(topic)) for topic in topics]


class RecordConsent(CustomerForm):
    """Record an answer by hand, with its proof."""

    title = gettext_lazy("Record an answer")
    purpose = gettext_lazy(
        "What the customer said outside the software. It goes into the ledger with your name in the audit trail."
    )
    form_class = ConsentForm
    submit = gettext_lazy("Record the answer")
    done = gettext_lazy("The answer is in the ledger.")

    def get_initial(self) -> dict[str, Any]:
        """Today, and a key that makes a form sent twice count once."""
        return {
            "key": uuid.uuid4(),
            "given_on": self.now.astimezone(words.shop_zone()).date(),
            "channel": Channel.EMAIL,
        }

    def act(self, form: ConsentForm) -> str:
        """Put it into the ledger."""
        told = form.cleaned_data
        consent_acts.record_by_hand(
            self.customer,
            consent_acts.HandAnswer(
                channel=told["channel"],
                topic=told["topic"],
                granted=told["granted"] == "yes",
                source=told["source"],
                wording=told["wording"],
                evidence=told["evidence"],
                given_at=self._instant(told["given_on"]),
            ),
            key=told["key"],
            by=self.operator,
            now=self.now,
        )
        return self.back()

    def _instant(self, day: Any) -> datetime:
        """Now for today, else the end of that day: an answer of a day counts over what came earlier in it."""
        today = self.now.astimezone(words.shop_zone()).date()
        end = datetime.combine(day, time(23, 59, 59), words.shop_zone())
        return self.now if day == today else end
