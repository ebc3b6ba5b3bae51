"""A tag that a segment keeps on its members."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit.admin import FormPage
from config.kit.given_names import as_read
from config.kit.parts import Crumb
from segments.admin.form import WHO_ACTS
from segments.models import Segment
from segments.services import tag_keeping


class KeepTagForm(forms.Form):
    """The name of the tag."""

    name = forms.CharField(label=gettext_lazy("Tag"), max_length=60)


class KeepTag(FormPage):
    """Put a tag on the members of a segment, for as long as they are members."""

    title = gettext_lazy("Keep a tag")
    purpose = gettext_lazy("The tag is put on whoever enters the segment and taken off whoever leaves it.")
    form_class = KeepTagForm
    submit = gettext_lazy("Keep this tag")
    done = gettext_lazy("The segment keeps the tag from now on.")
    roles_that_see = roles_that_act = WHO_ACTS

    @cached_property
    def segment(self) -> Segment:
        """The segment of the address."""
        return get_object_or_404(Segment, pk=self.kwargs["segment_id"])

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the segment."""
        url = reverse("segments:segment", args=[self.segment.pk])
        return [Crumb(_("Segments"), reverse("segments:list")), Crumb(self.segment.title, url)]

    def get_consequence(self, form: Any) -> StrOrPromise:
        """What it keeps already."""
        names = ", ".join(as_read(tag.name) for tag in tag_keeping.kept_tags(self.segment))
        return _("It keeps already: %(names)s") % {"names": names} if names else ""

    def act(self, form: Any) -> str:
        """Keep it."""
        tag_keeping.keep(self.segment, form.cleaned_data["name"], by=self.operator, now=self.now)
        return reverse("segments:segment", args=[self.segment.pk])
