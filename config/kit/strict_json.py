"""JSON from strangers: parsed at full speed, with every abuse of the format found and named.

The fast parser silently keeps the last of two equal names. So a document is parsed fast and then proven
clean; only one that cannot be proven clean is parsed again slowly and looked at closely.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

LARGEST_NUMBER = 2.0**53
SMALLEST_NUMBER = -LARGEST_NUMBER
DEPTH = 32
NAMES = 300
ABYSS = 200
DOZEN = 12
TOO_DEEP = "Lists and objects are nested too deeply."
BEYOND = "A number is beyond ±2^53 or not a number."
# Texts (one without an end reaches to the end of the document) and the marks of containers outside of them.
_MARKS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)


class Flaw(ValueError):
    """What is wrong with a document: ``code`` for machines, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Doubled(dict[str, Any]):
    """An object in which some name stood twice; the last value is kept."""


class Document:
    """A parsed document. ``clean``: proven free of doubled names, NUL characters and lone surrogates.

    ``longest``: of a clean one, bytes that no element of a list standing directly in it exceeds, written
    without blanks.
    """

    __slots__ = ("clean", "longest", "value")

    def __init__(self, value: Any, *, longest: int | None) -> None:
        self.value = value
        self.clean = longest is not None
        self.longest = longest or 0


def parse(raw: bytes) -> Document:
    """Parse a document of limited size. Raises Flaw ``not_json`` or ``too_deep``."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return Document(_parse_slowly(raw), longest=None)
    longest = _proven_clean(raw, value)
    return Document(value if longest is not None else _parse_slowly(raw), longest=longest)


def weigh(value: Any, *, clean: bool, depth: int = DEPTH, beside: Any = None) -> int:
    """The number of names in a value, after looking for what the format allows and we do not.

    ``depth`` is how many containers may stand inside each other, this one included. ``beside``: a container
    in a clean object that was weighed before and is left out. Raises Flaw with the codes ``too_deep``,
    ``number_out_of_range``, ``bad_text``, ``duplicate_key``.
    """
    if not clean:
        return _weigh_closely((value,), depth)
    if type(value) is dict:  # what is weighed most often, without detour
        return len(value) + _weigh(value.values(), depth - 1, beside)
    return _weigh((value,), depth)


def _weigh(values: Iterable[Any], room: int, beside: Any = None) -> int:
    """Names and numbers of a clean document. ``room``: how many containers may still stand inside each other.

    One flat loop with the kinds in order of frequency: half of what the door does with a body happens here.
    """
    names = 0
    for value in values:
        kind = type(value)
        if kind is str or value is None or kind is bool:
            continue
        if kind is float or kind is int:
            if not SMALLEST_NUMBER <= value <= LARGEST_NUMBER:
                raise Flaw("number_out_of_range", BEYOND)
        elif value is not beside:
            if not room:
                raise Flaw("too_deep", TOO_DEEP)
            if kind is dict:
                names += len(value) + _weigh(value.values(), room - 1)
            else:
                names += _weigh(value, room - 1)
    return names


def _weigh_closely(values: Iterable[Any], room: int) -> int:
    """The same where texts may be bad and names may stand twice."""
    names = 0
    for value in values:
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, dict):
            if type(value) is Doubled:
                raise Flaw("duplicate_key", "A name stands twice in one object.")
            if not room:
                raise Flaw("too_deep", TOO_DEEP)
            names += len(value) + _weigh_closely(value, room) + _weigh_closely(value.values(), room - 1)
        elif isinstance(value, list):
            if not room:
                raise Flaw("too_deep", TOO_DEEP)
            names += _weigh_closely(value, room - 1)
        elif value is not None and not SMALLEST_NUMBER <= value <= LARGEST_NUMBER:
            raise Flaw("number_out_of_range", BEYOND)
    return names


def _check_text(text: str) -> None:
    if "\0" in text:
        raise Flaw("bad_text", "A text contains a NUL character.")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Flaw("bad_text", "A text contains half of a surrogate pair.") from None


def _proven_clean(raw: bytes, value: Any) -> int | None:
    r"""A document's ``longest`` when ``raw`` certainly holds each name once and no NUL; null means "look closely".

    Written again, the value has every name once, and a colon stands behind every name and in no other
    place but texts. So a doubled name costs a colon, unless a colon in a text was written as ``\u003a``;
    documents with such escapes are looked at closely. Written in pieces, of which a dozen elements are one,
    it also says how long an element can be.
    """
    if b"\\" in raw and rb"\u00" in raw:
        return None
    colons, longest = len(value) if type(value) is dict else 0, 0
    try:
        for piece in _pieces(value):
            written = orjson.dumps(piece)
            colons += written.count(b":")
            longest = max(longest, len(written))
    except orjson.JSONEncodeError:  # nested deeper than it writes
        return None
    return longest if raw.count(b":") == colons else None


def _pieces(value: Any) -> Iterator[Any]:
    """What stands directly in an object, its lists a dozen elements at a time; of anything else the whole."""
    if type(value) is not dict:
        yield value
        return
    for inner in value.values():
        if type(inner) is list:
            yield from (inner[first : first + DOZEN] for first in range(0, len(inner), DOZEN))
        else:
            yield inner


def _parse_slowly(raw: bytes) -> Any:
    if _is_abyss(raw):
        raise Flaw("too_deep", TOO_DEEP)
    try:
        return json.loads(
            raw.decode("utf-8-sig"), object_pairs_hook=_object, parse_int=_whole, parse_constant=_constant
        )
    except ValueError:
        raise Flaw("not_json", "The body is not JSON.") from None


def _is_abyss(raw: bytes) -> bool:
    """Whether containers stand inside each other deeper than anybody means; found before the parser goes down
    there, because how deep it can go depends on the Python it runs on."""
    if raw.count(b"[") + raw.count(b"{") <= ABYSS:
        return False
    depth = 0
    for found in _MARKS.finditer(raw):
        mark = found[0]
        if mark in (b"[", b"{"):
            depth += 1
            if depth > ABYSS:
                return True
        elif mark in (b"]", b"}"):
            depth -= 1
    return False


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    kept = dict(pairs)
    return kept if len(kept) == len(pairs) else Doubled(kept)


def _whole(digits: str) -> int | float:
    """The number, or infinity where it is far beyond the limit: long ones take quadratic time to read."""
    return int(digits) if len(digits) <= 20 else math.inf


def _constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")
