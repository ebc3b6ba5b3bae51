"""The name, purpose and folder of a segment; of a list there is no more to edit."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from segments.admin.named_members import FormOfSegment
from segments.services.segments import edit_segment


class DescribeForm(forms.Form):
    """What it is called, what it is for, where it is kept."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    description = forms.CharField(label=gettext_lazy("What it is for"), max_length=300, required=False)
    folder = forms.CharField(
        label=gettext_lazy("Folder"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("Segments of one folder stand together in the list of segments."),
    )


class Describe(FormOfSegment):
    """Rename a segment, say what it is for, put it into a folder."""

    title = gettext_lazy("Name and folder")
    form_class = DescribeForm
    submit = gettext_lazy("Save")

    def get_initial(self) -> dict[str, Any]:
        """As it is."""
        return {name: getattr(self.segment, name) for name in DescribeForm.base_fields}

    def act(self, form: Any) -> str:
        """Save it."""
        edit_segment(self.segment, by=self.operator, **form.cleaned_data)
        return self.home
