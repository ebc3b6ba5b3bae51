"""Which kind of device an event came from, as far as its context tells it. Pure; None where it does not.

The words of Segment's context: ``device.type`` ("ios", "android", or the kind itself), ``os.name``, ``userAgent``. A
browser's text is read as far as browsers agree on it: "Mobi" stands for a phone (MDN), Android without it for a tablet.
"""

import re
from collections.abc import Mapping
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class DeviceKind(TextChoices):
    """What somebody held in hand, or sat at."""

    MOBILE = "mobile", _("Mobile")
    TABLET = "tablet", _("Tablet")
    DESKTOP = "desktop", _("Desktop")
    OTHER = "other", _("Other device")


TYPES = {
    **dict.fromkeys(
        ("mobile", "phone", "smartphone", "handset", "ios", "android", "harmonyos"), DeviceKind.MOBILE
    ),
    **dict.fromkeys(("tablet", "ipad"), DeviceKind.TABLET),
    **dict.fromkeys(("desktop", "laptop", "pc", "computer"), DeviceKind.DESKTOP),
    **dict.fromkeys(("tv", "smarttv", "console", "watch", "wearable", "car", "other"), DeviceKind.OTHER),
}
SYSTEMS = {
    **dict.fromkeys(("ios", "iphone os", "android", "harmonyos"), DeviceKind.MOBILE),
    "ipados": DeviceKind.TABLET,
    **dict.fromkeys(
        ("windows", "mac os", "mac os x", "macos", "linux", "ubuntu", "chrome os"), DeviceKind.DESKTOP
    ),
    **dict.fromkeys(("tvos", "watchos"), DeviceKind.OTHER),
}
# The first that fits: an iPad's own text says "Mobile" too, a television's "Android".
BROWSERS = (
    (re.compile(r"bot\b|crawler|spider", re.I), None),
    (re.compile(r"smart-?tv|appletv|googletv|playstation|xbox|nintendo|\bwatch", re.I), DeviceKind.OTHER),
    (re.compile(r"ipad|tablet|android(?!.*mobi)", re.I), DeviceKind.TABLET),
    (re.compile(r"mobi|iphone|ipod|harmonyos", re.I), DeviceKind.MOBILE),
    (re.compile(r"windows nt|macintosh|x11|cros", re.I), DeviceKind.DESKTOP),
)
LONGEST = 500


def kind_of(context: Mapping[str, Any]) -> str | None:
    """The kind of device that a context, as it came, tells of."""
    device, system, browser = context.get("device"), context.get("os"), context.get("userAgent")
    told = _word(device, "type")
    by_type = TYPES.get(told)
    if told in ("ios", "android") and "ipad" in f"{_word(device, 'model')} {_word(device, 'name')}":
        return DeviceKind.TABLET.value
    found = by_type or _of_browser(browser) or SYSTEMS.get(_word(system, "name"))
    return found.value if found else None


def _word(part: Any, name: str) -> str:
    value = part.get(name) if isinstance(part, dict) else None
    return value[:100].strip().lower() if isinstance(value, str) else ""


def _of_browser(text: Any) -> DeviceKind | None:
    if not isinstance(text, str) or not text:
        return None
    return next((kind for shape, kind in BROWSERS if shape.search(text[:LONGEST])), None)
