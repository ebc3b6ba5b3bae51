"""The reserved traits: what kind of value each has, and how it is written down."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, cast

from users.tracking.refusals import ItemRefused
from users.tracking.times import EARLIEST, parse

LONGEST = 1_000
Check = Callable[[Any, str], Any]


def _text(longest: int) -> Check:
    """A text of at most so many characters; numbers, which some SDKs send for ids, become text."""

    def check(value: Any, field: str) -> str:
        if type(value) is int:
            value = str(value)
        if not isinstance(value, str):
            raise ItemRefused("wrong_type", field)
        if len(value) > longest:
            raise ItemRefused("too_long", field)
        return value

    return check


def _email(value: Any, field: str) -> str:
    address: str = _text(254)(value, field)
    if address and "@" not in address[1:-1]:
        raise ItemRefused("wrong_type", field)
    return address


def _age(value: Any, field: str) -> float:
    if type(value) in (int, float) and 0 <= value <= 150:
        return cast(float, value)
    raise ItemRefused("wrong_type", field)


def _birthday(value: Any, field: str) -> str:
    """ISO date; of a time only the day as written, whatever its zone."""
    try:
        return date.fromisoformat(value[:10]).isoformat()
    except (TypeError, ValueError):
        raise ItemRefused("bad_time", field) from None


def _moment(value: Any, field: str) -> str:
    """ISO time in UTC from an ISO time or from seconds or milliseconds since 1970."""
    try:
        if isinstance(value, str):
            told = parse(value, field)
        else:
            told = datetime.fromtimestamp(value / 1000 if value > 10**11 else value, UTC)
        moment = told.astimezone(UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise ItemRefused("bad_time", field) from None
    if moment < EARLIEST:
        raise ItemRefused("bad_time", field)
    return moment.isoformat()


def _address(value: Any, field: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ItemRefused("wrong_type", field)
    return {part: _text(200)(inner, f"{field}.{part}") for part, inner in value.items() if inner is not None}


def _company(value: Any, field: str) -> Any:
    return value if isinstance(value, dict) else _text(LONGEST)(value, field)


def _consents(value: Any, field: str) -> list[dict[str, Any]]:
    """Answers that cannot be read are refused by name: an opt-out must not get lost unseen."""
    if not isinstance(value, list) or not all(map(_is_answer, value)):
        raise ItemRefused("wrong_type", field)
    return value


def _is_answer(one: Any) -> bool:
    return (
        isinstance(one, dict)
        and isinstance(one.get("channel"), str)
        and isinstance(one.get("topic"), str)
        and isinstance(one.get("granted"), bool)
    )


RESERVED: dict[str, Check] = {
    "address": _address,
    "age": _age,
    "avatar": _text(LONGEST),
    "birthday": _birthday,
    "company": _company,
    "consents": _consents,
    "createdAt": _moment,
    "description": _text(LONGEST),
    "email": _email,
    "firstName": _text(100),
    "gender": _text(20),
    "id": _text(255),
    "lastName": _text(100),
    "name": _text(200),
    "phone": _text(40),
    "title": _text(LONGEST),
    "username": _text(LONGEST),
    "website": _text(LONGEST),
    "wechatOpenid": _text(255),
    "wechatUnionid": _text(255),
    "weiboUid": _text(255),
}


def normalise(traits: dict[str, Any]) -> dict[str, Any]:
    """The traits with reserved ones checked and written one way; null stays ("forget it")."""
    return {
        name: RESERVED[name](value, f"traits.{name}") if name in RESERVED and value is not None else value
        for name, value in traits.items()
    }
