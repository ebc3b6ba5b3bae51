"""Parts of a page that are fetched by themselves once they come into view, so that the page stands at once.

Without a script each is a link to the same page with that part on it: ``?panel=NAME``, or ``?panel=all``.
"""

from typing import ClassVar, TypeVar

from django.http import Http404, HttpRequest

ALL = "all"
T = TypeVar("T")


class LatePanels:
    """For an ``OperatorPage``: which late part is asked for, alone (by htmx) or on the page."""

    panel_template: ClassVar[str] = ""
    request: HttpRequest
    is_part: bool

    @property
    def late_name(self) -> str:
        """The one part that htmx asks for; "" for the page."""
        name = self.request.GET.get("panel", "")
        return name if self.is_part and name != ALL else ""

    def wants(self, name: str) -> bool:
        """Whether the page is to come with this part on it."""
        return self.request.GET.get("panel", "") in (name, ALL)

    def known(self, panel: T | None) -> T:
        """The part, if there is one by the name asked for. Raises Http404."""
        if panel is None:
            raise Http404
        return panel

    def get_template_names(self) -> list[str]:
        """That part alone, or what the page answers otherwise."""
        names: list[str] = super().get_template_names()  # type: ignore[misc]  # of the page this is mixed into
        return [self.panel_template] if self.late_name else names
