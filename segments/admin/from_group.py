"""Keeping the customers behind a number as a segment."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit import words
from config.kit.admin import FormPage
from config.kit.parts import Crumb
from segments.admin.form import WHO_ACTS
from segments.services.from_group import keep
from users.groups import Group, read_group
from users.models import Customer


class KeepForm(forms.Form):
    """The name of the segment, and whether it follows its rule."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    frozen = forms.BooleanField(
        label=gettext_lazy("Keep them as they are now, as a fixed list"), required=False
    )


class KeepGroup(FormPage):
    """A segment of the customers that a figure on a report stands for."""

    title = gettext_lazy("Save as a segment")
    purpose = gettext_lazy("Keeps the customers behind a number, to speak to them or to watch them.")
    form_class = KeepForm
    submit = gettext_lazy("Save the segment")
    done = gettext_lazy("Saved.")
    roles_that_see = roles_that_act = WHO_ACTS

    @cached_property
    def group(self) -> Group:
        """The group of the address. Raises Refusal."""
        return read_group(self.request.GET.get("group", ""), self.now)

    def get_crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Segments"), reverse("segments:list"))]

    def get_initial(self) -> dict[str, Any]:
        return {"name": str(self.group.sentence)[:120]}

    def get_consequence(self, form: Any) -> StrOrPromise:
        """Whom it holds, and whether it will change."""
        if self.group.rule is not None:
            return _("%(who)s. The segment follows the rule and keeps itself right, unless you fix it.") % {
                "who": self.group.sentence
            }
        count = Customer.objects.living().filter(pk__in=self.group.customers).count()
        return _("%(who)s. The segment keeps the %(n)s customers that these are now.") % {
            "who": self.group.sentence,
            "n": words.number(count),
        }

    def act(self, form: Any) -> str:
        made = keep(
            self.group, self.request.GET.get("group", ""), by=self.operator, now=self.now, **form.cleaned_data
        )
        return reverse("segments:segment", args=[made.pk])
