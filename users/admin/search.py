"""Search from anywhere (Ctrl+K): customers and orders, and what the other apps lend; pages of the menu."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from config import navigation
from config.kit.admin import OperatorPage, may_open
from users.pages import Hit, searchers

SHORTEST = 2
MOST_HITS = 6
LONGEST = 200


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
        return [
            Hit(entry.title, url, icon=entry.icon)
            for entry, url in navigation.pages(self.request)
            if text.lower() in str(entry.title).lower()
        ]
