"""From the traits of an identify call to a customer's profile: typed, refused where they make no sense.

A trait with a column of its own is converted; what cannot be is ignored and counted. Other traits become
custom attributes. Of each trait the latest telling holds, by the instant of the call; of the registration the
first. Channel and source code are no traits but touches (``users/touches.py``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from config.kit.zones import shop_zone, zone_names
from users.models import Gender

MOST_ATTRIBUTES = 200
LONGEST_ATTRIBUTE = 1_000
LONGEST_ATTRIBUTE_NAME = 100
MOST_ATTRIBUTE_LEVELS = 5
"""Names from the outside inwards, as many as a rule may give."""
BLANK: tuple[Any, ...] = ("", None, [], False)
EARLIEST_BIRTH = date(1900, 1, 1)
EVER = datetime(1970, 1, 1, tzinfo=UTC)
NOT_ATTRIBUTES = frozenset(
    {
        *("email", "phone", "consents", "id", "userId", "anonymousId", "address", "channel", "sourceCode"),
        *("wechatOpenid", "wechatUnionid", "weiboUid"),
    }
)

GENDERS = {
    "female": Gender.FEMALE, "f": Gender.FEMALE, "woman": Gender.FEMALE, "女": Gender.FEMALE,
    "male": Gender.MALE, "m": Gender.MALE, "man": Gender.MALE, "男": Gender.MALE,
    "other": Gender.OTHER, "其他": Gender.OTHER,
}  # fmt: skip


class Refused(ValueError):
    """A trait whose value makes no sense for it."""


@dataclass(slots=True)
class Profile:
    """A profile as told so far: columns by name, custom attributes, and when each was told."""

    columns: dict[str, Any]
    attributes: dict[str, Any]
    told_at: dict[str, str]
    changed: set[str] = field(default_factory=set)
    ignored: int = 0

    def hear(self, traits: Mapping[str, Any], at: datetime) -> None:
        """Add what one identify call says."""
        for name, value in _flat(traits):
            try:
                if trait := TRAITS.get(name):
                    self._tell(trait.column, converted(name, value, at), at, keep_first=trait.keep_first)
                elif name not in NOT_ATTRIBUTES:
                    self._tell_attribute(name, value, at)
            except Refused:
                self.ignored += 1

    def absorb(self, other: "Profile") -> None:
        """Add what another profile of the same person was told; what nobody told fills blanks."""
        for column, value in other.columns.items():
            keep_first = column in KEEP_FIRST
            if told := other.told_at.get(column):
                self._tell(column, value, datetime.fromisoformat(told), keep_first=keep_first)
            elif self.columns[column] in BLANK and value not in BLANK and column not in self.told_at:
                self.columns[column] = value
                self.changed.add(column)
            if guessed := other.told_at.get(f"~{column}"):
                self.suggest(column, value, datetime.fromisoformat(guessed))
        for name, value in other.attributes.items():
            told = other.told_at.get(f"+{name}")
            if told or name not in self.attributes:
                self._tell_attribute(name, value, datetime.fromisoformat(told) if told else EVER)

    def restore(self, column: str, value: Any, told_at: str | None) -> None:
        """Put a column back to what it was (a date as its text), and when that had been told."""
        convert = date.fromisoformat if column == "birthday" else datetime.fromisoformat
        is_text = isinstance(value, str) and column in ("birthday", "registered_at")
        self.columns[column] = convert(value) if is_text else value
        self._told(column, told_at)

    def restore_attribute(self, name: str, value: Any, told_at: str | None) -> None:
        """Put a custom attribute back to what it was; null means that there was none."""
        if value is None:
            self.attributes.pop(name, None)
        else:
            self.attributes[name] = value
        self._told(f"+{name}", told_at)

    def _told(self, name: str, told_at: str | None) -> None:
        self.changed |= {"told_at", name.partition("+")[0] or "attributes"}
        if told_at is None:
            self.told_at.pop(name, None)
        else:
            self.told_at[name] = told_at

    def suggest(self, column: str, value: Any, at: datetime) -> None:
        """Fill a column that nobody has told with what follows from something else; the earliest stays.

        Never overrides: what is told, before or after, holds.
        """
        unknown = self.columns[column] in BLANK or f"~{column}" in self.told_at
        if column not in self.told_at and unknown and self._is_news(f"~{column}", at, keep_first=True):
            self.columns[column] = value
            self.changed.add(column)

    def _tell(self, column: str, value: Any, at: datetime, *, keep_first: bool) -> None:
        if keep_first and value is None:
            return
        if self._is_news(column, at, keep_first=keep_first) and self.columns[column] != value:
            self.columns[column] = value
            self.changed.add(column)

    def _tell_attribute(self, name: str, value: Any, at: datetime) -> None:
        if len(name) > LONGEST_ATTRIBUTE_NAME or not _is_plain(value):
            raise Refused
        if name not in self.attributes and len(self.attributes) >= MOST_ATTRIBUTES:
            raise Refused
        if not self._is_news(f"+{name}", at, keep_first=False) or self.attributes.get(name) == value:
            return
        self.changed.add("attributes")
        if value is None:
            del self.attributes[name]
        else:
            self.attributes[name] = value

    def _is_news(self, name: str, at: datetime, *, keep_first: bool) -> bool:
        told = self.told_at.get(name)
        before = _instant_of(told) if told else None
        if before is not None and (at >= before if keep_first else at < before):
            return False
        self.told_at[name] = _text_of(at)
        self.changed.add("told_at")
        return True


# The traits of a call, and those of a whole file, were told at one instant.
_instant_of = lru_cache(1_000)(datetime.fromisoformat)
_text_of = lru_cache(1_000)(datetime.isoformat)


@dataclass(frozen=True, slots=True)
class Trait:
    """A trait with a column of its own."""

    column: str
    convert: Callable[[Any], Any]
    keep_first: bool = False


def _text(longest: int) -> Callable[[Any], str]:
    def convert(value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise Refused
        return str(value).strip()[:longest]

    return convert


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Refused
    return value


def _gender(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or value.strip().lower() not in GENDERS:
        raise Refused
    return GENDERS[value.strip().lower()].value


def _day(value: Any) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value[:10])
    except (TypeError, ValueError):
        raise Refused from None


def is_birthday(day: date, at: datetime) -> bool:
    """Whether somebody alive can have been born on a day that was told at an instant: not ahead, not too far back."""
    return EARLIEST_BIRTH <= day <= at.astimezone(shop_zone()).date()


def _instant(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise Refused from None
    if at.tzinfo is None:
        raise Refused
    return at


def _country(value: Any) -> str:
    code = _text(2)(value).upper()
    if code and not (len(str(value).strip()) == 2 and code.isascii() and code.isalpha()):
        raise Refused
    return code


def _zone(value: Any) -> str:
    name = _text(64)(value)
    if name and name not in zone_names():
        raise Refused
    return name


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Refused
    return [one[:100] for one in value[:50]]


TRAITS: dict[str, Trait] = {
    "name": Trait("name", _text(200)),
    "firstName": Trait("first_name", _text(100)),
    "lastName": Trait("last_name", _text(100)),
    "gender": Trait("gender", _gender),
    "birthday": Trait("birthday", _day),
    "address.country": Trait("country", _country),
    "address.region": Trait("region", _text(100)),
    "address.state": Trait("region", _text(100)),
    "address.city": Trait("city", _text(100)),
    "occupation": Trait("occupation", _text(100)),
    "industry": Trait("industry", _text(100)),
    "incomeBand": Trait("income_band", _text(50)),
    "education": Trait("education", _text(50)),
    "interests": Trait("interests", _texts),
    "language": Trait("language", _text(10)),
    "locale": Trait("language", _text(10)),
    "timezone": Trait("time_zone", _zone),
    "noProfiling": Trait("no_profiling", _flag),
    "platform": Trait("platform", _text(30)),
    "invented": Trait("is_invented", _flag),
    "createdAt": Trait("registered_at", _instant, keep_first=True),
}


KEEP_FIRST = frozenset(trait.column for trait in TRAITS.values() if trait.keep_first)


def _flat(traits: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The traits with the parts of the address as traits of their own."""
    address = traits.get("address")
    parts = address.items() if isinstance(address, dict) else ()
    return [*traits.items(), *((f"address.{part}", value) for part, value in parts)]


def _is_plain(value: Any, levels: int = MOST_ATTRIBUTE_LEVELS) -> bool:
    """Whether rules can read it: text, number, yes or no, a list or object of those; null to forget it."""
    if isinstance(value, list):
        return len(value) <= LONGEST_ATTRIBUTE and all(isinstance(one, str | int | float) for one in value)
    if isinstance(value, dict):
        return levels > 1 and all(
            len(name) <= LONGEST_ATTRIBUTE_NAME and _is_plain(inner, levels - 1)
            for name, inner in value.items()
        )
    return (
        value is None
        or isinstance(value, int | float)
        or (isinstance(value, str) and len(value) <= LONGEST_ATTRIBUTE)
    )


def converted(name: str, value: Any, at: datetime) -> Any:
    """A trait told at an instant, as its column keeps it. Raises Refused."""
    kept = TRAITS[name].convert(value)
    if name == "birthday" and kept is not None and not is_birthday(kept, at):
        raise Refused
    return kept
