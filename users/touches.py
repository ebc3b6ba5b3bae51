"""What a call says of where somebody came from, which of several touches is the first, and its channel.

A touch says something when it names a source code, a channel, a UTM source, medium or campaign, or comes from
a site that a clue names. The first by time holds, whatever the order of arrival; of two at the same instant
the one that says more, by a rule that depends on nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from users.models import ClueKind

LONGEST = 100
LONGEST_CHANNEL = 50
LONGEST_HOST = 255
MOST_PARAMETERS = 100
CODE_PARAMETER = "src"
"""The parameter by which a landing tells the storefront which source code led there."""
UTM = ("source", "medium", "campaign", "term", "content")


@dataclass(frozen=True, slots=True)
class Touch:
    """One touch as told. ``code`` is in lower case; texts are empty where nothing was said."""

    at: datetime
    code: str = ""
    told_channel: str = ""
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    utm_term: str = ""
    utm_content: str = ""
    referrer_host: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """What it says, in the order of what counts most."""
        return (
            *(self.code, self.told_channel, self.utm_source, self.utm_medium, self.utm_campaign),
            *(self.utm_term, self.utm_content, self.referrer_host),
        )

    @property
    def order(self) -> tuple[datetime, tuple[bool, ...], tuple[str, ...]]:
        """The first of several touches has the least of these."""
        return (self.at, tuple(not text for text in self.texts), self.texts)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a touch means: the channel's and the source code's ids, None where not known."""

    channel: int | None
    source: int | None


@dataclass(frozen=True, slots=True)
class Clues:
    """How visits tell their channel: channels by short name, codes with their channel, the table of clues.

    ``codes``: code → (its id, its channel's id). ``table``: (kind, value) → the channel's id.
    """

    channels: Mapping[str, int] = field(default_factory=dict)
    codes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    table: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def meaning(self, touch: Touch) -> Meaning:
        """The channel of the code, else the one told, else what UTM and the referring site say."""
        source, channel = self.codes.get(touch.code, (None, None))
        if channel is None:
            channel = self.channels.get(touch.told_channel) or self._by_clue(touch)
        return Meaning(channel, source)

    def names_site(self, host: str) -> bool:
        """Whether a clue is about this referring site."""
        return self._by_site(host) is not None

    def _by_clue(self, touch: Touch) -> int | None:
        return (
            self.table.get((ClueKind.UTM_MEDIUM, touch.utm_medium.lower()))
            or self.table.get((ClueKind.UTM_SOURCE, touch.utm_source.lower()))
            or self._by_site(touch.referrer_host)
        )

    def _by_site(self, host: str) -> int | None:
        """The clue of the host or, going outwards, of a domain above it."""
        while host:
            if (found := self.table.get((ClueKind.REFERRER, host))) is not None:
                return found
            host = host.partition(".")[2]
        return None


@dataclass(frozen=True, slots=True)
class Said:
    """The parts of one call that may say where somebody came from, as they came."""

    at: datetime
    campaign: Mapping[str, Any] = field(default_factory=dict)
    url: str = ""
    search: str = ""
    referrer: str = ""
    code: Any = None
    channel: Any = None

    @property
    def codes(self) -> tuple[str, str]:
        """The source code told, and the one in the address; "" for none."""
        in_address = _text(self._asked.get(CODE_PARAMETER))
        return (_text(self.code).lower(), in_address.lower())

    def touch(self, clues: Clues) -> Touch | None:
        """The touch, None when it says nothing. A code in the address counts only when we know it."""
        told, in_address = self.codes
        code = told or (in_address if in_address in clues.codes else "")
        asked = self._asked
        utm = {name: self._utm(name, asked) for name in UTM}
        host = host_of(self.referrer)
        if host == host_of(self.url) or not clues.names_site(host):
            host = ""
        channel = _text(self.channel, LONGEST_CHANNEL)
        if not (code or channel or host or utm["source"] or utm["medium"] or utm["campaign"]):
            return None
        return Touch(
            at=self.at,
            code=code,
            told_channel=channel,
            referrer_host=host,
            **{f"utm_{name}": value for name, value in utm.items()},
        )

    @property
    def _asked(self) -> Mapping[str, str]:
        return _asked(self.url, self.search)

    def _utm(self, name: str, asked: Mapping[str, str]) -> str:
        """From the context's campaign (which calls it ``name``), else from the address."""
        told = self.campaign.get("name" if name == "campaign" else name)
        return _text(told) or _text(asked.get(f"utm_{name}"))


def parameters(query: str) -> dict[str, str]:
    """The first value of every parameter of a query; nothing of one that cannot be read."""
    try:
        found = parse_qs(query.lstrip("?"), max_num_fields=MOST_PARAMETERS, errors="replace")
    except ValueError:
        return {}
    return {name: values[0] for name, values in found.items()}


# A batch asks several times about the same address, and neighbours mostly have the same one.
@lru_cache(maxsize=2048)
def _asked(url: str, search: str) -> Mapping[str, str]:
    """The parameters of an address that may say something; those of any other are not taken apart."""
    query = url.partition("#")[0].partition("?")[2]
    told = [part for part in (search, query) if "utm_" in part or f"{CODE_PARAMETER}=" in part]
    return {name: value for part in told for name, value in parameters(part).items()}


@lru_cache(maxsize=2048)
def host_of(url: str) -> str:
    """The host of a web address in lower case without "www.", "" of what is none."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return ""
    return host.lower().removeprefix("www.")[:LONGEST_HOST] if parts.scheme in ("http", "https") else ""


def _text(value: Any, longest: int = LONGEST) -> str:
    """A text without what a database cannot hold; numbers are written out, anything else says nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).replace("\0", "").strip()[:longest]
