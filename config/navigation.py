"""The menu, in the order of an operator's day. Entries of pages that do not exist or may not be seen are left out."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from config.kit.admin import may_open


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of the menu: its title, the name of its address, a symbol of the theme's icon font."""

    title: StrOrPromise
    page: str
    icon: str

    def url(self) -> str | None:
        """Its address, or None while no app has such a page."""
        try:
            return reverse(self.page)
        except NoReverseMatch:
            return None


@dataclass(frozen=True, slots=True)
class Group:
    """Entries under a common title."""

    title: StrOrPromise
    entries: tuple[Entry, ...]
    is_folded: bool = False


GROUPS = (
    Group(
        "",
        (
            Entry(_("Home"), "users:home", "home"),
            Entry(_("Customers"), "users:customers", "group"),
            Entry(_("Segments"), "segments:list", "category"),
            Entry(_("Campaigns"), "campaigns:list", "campaign"),
            Entry(_("Growth"), "growth:home", "redeem"),
            Entry(_("Feedback"), "feedback:inbox", "forum"),
            Entry(_("Reports"), "users:reports", "monitoring"),
            Entry(_("Settings"), "users:settings", "settings"),
        ),
    ),
    Group(
        _("System"),
        (
            Entry(_("Jobs"), "users:jobs", "schedule"),
            Entry(_("Dead letters"), "users:dead_letters", "report"),
            Entry(_("API keys"), "users:api_keys", "key"),
            Entry(_("Audit trail"), "users:audit", "history"),
            Entry(_("Local mail"), "campaigns:mail", "mail"),
        ),
        is_folded=True,
    ),
)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """What the theme draws: groups with the entries this operator may open."""
    return [
        {
            "title": group.title,
            "collapsible": group.is_folded,
            "separator": bool(group.title),
            "items": [
                _item(entry, url, request) for entry in group.entries if (url := _open(entry, request))
            ],
        }
        for group in GROUPS
    ]


def _open(entry: Entry, request: HttpRequest) -> str | None:
    url = entry.url()
    return url if url and may_open(request.user, url) else None


def _item(entry: Entry, url: str, request: HttpRequest) -> dict[str, Any]:
    here = request.path == url if entry.page == "users:home" else request.path.startswith(url)
    return {
        "title": entry.title,
        "link": url,
        "icon": entry.icon,
        "active": lambda request: here,
    }


def stylesheet(request: HttpRequest) -> str:
    """Our stylesheet, on every page of the admin."""
    return static("regulars.css")


def script(request: HttpRequest) -> str:
    """Our script, on every page of the admin."""
    return static("regulars.js")


def favicon(request: HttpRequest) -> str:
    """The sign in the browser's tab."""
    return static("favicon.svg")
