"""Reading rules strictly: a value together with where it stands, so that a refusal can point at it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from config.kit.refusal import Refusal

LARGEST = 2**53
LONGEST_TEXT = 200
YEARS = range(1900, 2200)


class RuleRefusal(Refusal):
    """What is wrong with a rule: ``field`` is the path, ``reason`` the clause without it."""

    def __init__(self, code: str, path: str, reason: str) -> None:
        message = _("%(path)s: %(reason)s.") % {"path": path, "reason": reason}
        super().__init__(code, message, field=path)
        self.reason = reason


@dataclass(frozen=True)
class Reader:
    """One value of the JSON and its path (``root.all[0].value``)."""

    raw: Any
    path: str

    def refusal(self, code: str, reason: str) -> Refusal:
        """A refusal that names this place; ``reason`` is a translated clause."""
        return RuleRefusal(code, self.path, reason)

    def at(self, key: str) -> "Reader":
        """The value under a key of this object."""
        return Reader(self.mapping()[key], f"{self.path}.{key}")

    def mapping(self) -> dict[str, Any]:
        """This value as an object."""
        if not isinstance(self.raw, dict):
            raise self.refusal("wrong_type", _("must be an object"))
        return self.raw

    def only(self, *, required: Collection[str], optional: Collection[str] = ()) -> None:
        """Refuse missing and unknown keys."""
        keys = self.mapping()
        for key in keys:
            if key not in required and key not in optional:
                known = ", ".join(sorted({*required, *optional}))
                raise self.refusal(
                    "unknown_key",
                    _("does not know “%(key)s” (known here: %(known)s)") % {"key": key, "known": known},
                )
        for key in required:
            if key not in keys:
                raise self.refusal("missing_key", _("needs “%(key)s”") % {"key": key})

    def items(self, least: int, most: int) -> list["Reader"]:
        """The entries of this list, each with its own path."""
        if not isinstance(self.raw, list):
            raise self._of_wrong_type(_("must be a list"))
        if not self.raw and least:
            raise self.refusal("wrong_length", _("must name at least one"))
        if not least <= len(self.raw) <= most:
            raise self.refusal(
                "wrong_length",
                _("must have %(least)d to %(most)d entries") % {"least": least, "most": most},
            )
        return [Reader(entry, f"{self.path}[{index}]") for index, entry in enumerate(self.raw)]

    def text(self, longest: int = LONGEST_TEXT) -> str:
        """A text that PostgreSQL can hold and that is not blank."""
        if not isinstance(self.raw, str):
            raise self._of_wrong_type(_("must be a text"))
        if not self.raw.strip():
            raise self.refusal("empty_text", _("must be filled in"))
        if len(self.raw) > longest:
            raise self.refusal("too_long", _("must have at most %(n)d characters") % {"n": longest})
        if "\0" in self.raw or any("\ud800" <= character <= "\udfff" for character in self.raw):
            raise self.refusal("bad_text", _("holds a character that cannot be stored"))
        return self.raw

    def one_of(self, choices: Collection[str]) -> str:
        """One of the given words."""
        if not isinstance(self.raw, str) or self.raw not in choices:
            raise self.refusal(
                "unknown_choice", _("must be one of: %(choices)s") % {"choices": ", ".join(choices)}
            )
        return self.raw

    def whole(self, least: int = -LARGEST, most: int = LARGEST) -> int:
        """A whole number within bounds."""
        if not isinstance(self.raw, int) or isinstance(self.raw, bool):
            raise self._of_wrong_type(_("must be a whole number"))
        if not least <= self.raw <= most:
            raise self.refusal(
                "out_of_range",
                _("must be between %(least)d and %(most)d") % {"least": least, "most": most},
            )
        return self.raw

    def number(self) -> int | Decimal:
        """A finite number, exactly as written."""
        if not isinstance(self.raw, int | float | Decimal) or isinstance(self.raw, bool):
            raise self._of_wrong_type(_("must be a number"))
        number = self.raw if isinstance(self.raw, int) else Decimal(str(self.raw))
        if isinstance(number, Decimal) and not number.is_finite():
            raise self.refusal("wrong_type", _("must be a number"))
        if not -LARGEST <= number <= LARGEST:
            raise self.refusal("out_of_range", _("is too large a number"))
        return number

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self.raw, bool):
            raise self.refusal("wrong_type", _("must be true or false"))
        return self.raw

    def exactly(self, value: bool) -> None:
        """Refuse anything but this value."""
        if self.raw is not value:
            raise self.refusal("wrong_type", _("must be %(value)s") % {"value": str(value).lower()})

    def day(self) -> date:
        """A calendar day, ``2026-05-01``."""
        if isinstance(self.raw, str):
            try:
                day = date.fromisoformat(self.raw)
            except ValueError:
                day = None
            if day is not None and day.year in YEARS:
                return day
        raise self._of_wrong_type(_("must be a date such as 2026-05-01"))

    def _of_wrong_type(self, reason: str) -> Refusal:
        """What an operator left empty is not called a wrong number or date."""
        return self.refusal("wrong_type", _("must be filled in") if self.raw in (None, "") else reason)
