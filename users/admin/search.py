"""Search from anywhere (Ctrl+K): customers and orders, and what the other apps lend; pages of the menu."""

from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from config import navigation
from config.kit.admin import OperatorPage, may_open
from users.admin.reports import SHELVES, ReportsPage
from users.admin.settings import SCREENS, SettingsPage
from users.pages import Hit, searchers

SHORTEST = 2
MOST_HITS = 6
MOST_PAGES = 8
LONGEST = 200


@dataclass(frozen=True, slots=True)
class Place:
    """A page that can be found by its name: its title, its address name, what it says, where it stands."""

    title: StrOrPromise
    page: str
    icon: str
    about: StrOrPromise = ""
    shelf: StrOrPromise = ""

    def url(self) -> str:
        """Its address; "" while no app has such a page."""
        try:
            return reverse(self.page)
        except NoReverseMatch:
            return ""


OTHERS = (
    Place(_("Tags"), "users:tags", "sell", shelf=_("Customers")),
    Place(_("New import"), "users:import_create", "upload", shelf=_("Import & export")),
    Place(_("New export"), "users:export_create", "download", shelf=_("Import & export")),
    Place(_("Storefronts"), "users:storefronts", "storefront", shelf=_("API keys")),
)
"""Pages that stand in no list of their own."""


@dataclass(frozen=True, slots=True)
class Group:
    """Hits of one kind."""

    title: StrOrPromise
    hits: list[Hit]


class SearchPage(OperatorPage):
    """The results below the search field."""

    title = _("Search")
    template_name = "users/search_results.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Groups of hits for what was typed."""
        text = self.request.GET.get("q", "").replace("\0", "").strip()[:LONGEST]
        groups = [group for group in self._groups(text) if group.hits] if len(text) >= SHORTEST else []
        return super().get_context_data(**kwargs) | {
            "groups": groups,
            "text": text,
            "shortest": SHORTEST,
        }

    def _groups(self, text: str) -> list[Group]:
        user = self.request.user
        lent = sorted(searchers, key=lambda entry: entry.position)
        found = [Group(s.title, s.find(text, MOST_HITS)) for s in lent if may_open(user, reverse(s.page))]
        return [*found, Group(_("Pages"), self._pages(text))]

    def _pages(self, text: str) -> list[Hit]:
        """Pages whose title has the text, before those that only say it in their one line."""
        found = [place for place in _places() if text.lower() in f"{place.title} {place.about}".lower()]
        found.sort(key=lambda place: text.lower() not in str(place.title).lower())
        hits: dict[str, Hit] = {}
        for place in found:
            url = place.url()
            if url and may_open(self.request.user, url):
                hits.setdefault(url, Hit(place.title, url, detail=place.shelf, icon=place.icon))
        return list(hits.values())[:MOST_PAGES]


def _places() -> list[Place]:
    """The pages of the menu, of the shelf of reports and of the settings, and what stands below these."""
    menu = [Place(e.title, e.page, e.icon) for group in navigation.GROUPS for e in group.entries]
    reports = [
        Place(r.title, r.page, r.icon, r.about, ReportsPage.title) for shelf in SHELVES for r in shelf.reports
    ]
    screens = [Place(s.title, s.page, s.icon, s.about, SettingsPage.title) for s in SCREENS]
    return [*menu, *reports, *screens, *OTHERS]
