"""Addresses as advertising platforms want them: normalised as each documents it, then hashed. Pure.

Sources, as published by the platforms: Meta "Customer file custom audiences" (lower case, trimmed; phone as digits
with country code), Google "Customer Match" / Data Manager (E.164 with +; dots before @gmail.com and @googlemail.com
removed), TikTok "Customer file" (E.164 with +; nothing after a + in the name and no dots in it), Tencent Ads
客户文件人群 (MD5 of the eleven digits), Ocean Engine DMP (SHA-256 or MD5 of the eleven digits).
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import phonenumbers
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

CHINA = 86
Write = Callable[[str], str | None]
HASHES: Mapping[str, Callable[[bytes], str]] = {
    "sha256": lambda text: hashlib.sha256(text).hexdigest(),
    "md5": lambda text: hashlib.md5(text, usedforsecurity=False).hexdigest(),
}


def plain_email(address: str) -> str | None:
    """Lower case, no blanks anywhere."""
    return "".join(address.split()).lower() or None


def google_email(address: str) -> str | None:
    """And no dots in the name of a Gmail address."""
    plain = plain_email(address) or ""
    name, _at, domain = plain.rpartition("@")
    return f"{name.replace('.', '')}@{domain}" if domain in ("gmail.com", "googlemail.com") else plain or None


def tiktok_email(address: str) -> str | None:
    """And nothing behind a + in the name, and no dots in it."""
    name, _at, domain = (plain_email(address) or "").rpartition("@")
    short = name.partition("+")[0].replace(".", "")
    return f"{short}@{domain}" if short and domain else None


def e164(number: str) -> str | None:
    """+ and the digits, country code first: as we keep it."""
    return number if number.startswith("+") and number[1:].isdecimal() else None


def digits(number: str) -> str | None:
    """The same without the +."""
    plain = e164(number)
    return plain[1:] if plain else None


def mainland(number: str) -> str | None:
    """The eleven digits of a mobile number of mainland China; others are not taken there."""
    try:
        read = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return None
    national = str(read.national_number)
    return national if read.country_code == CHINA and len(national) == 11 and national[0] == "1" else None


@dataclass(frozen=True, slots=True)
class Platform:
    """One platform: how it wants e-mails and phones (None: it takes none), hashed how, under which head.

    ``head`` is empty for platforms that want one hash a line and nothing else.
    """

    name: str
    title: StrOrPromise
    email: Write | None
    phone: Write | None
    algorithms: tuple[str, ...] = ("sha256",)
    head: Mapping[str, str] = field(default_factory=dict)

    def write(self, channel: str, address: str, algorithm: str) -> str | None:
        """The hash of an address; None where the platform cannot take it."""
        normal = self.email if channel == "email" else self.phone
        plain = normal(address) if normal else None
        return HASHES[algorithm](plain.encode()) if plain else None

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels it takes."""
        return tuple(name for name, way in (("email", self.email), ("phone", self.phone)) if way)


PLATFORMS: Mapping[str, Platform] = {
    one.name: one
    for one in (
        Platform("meta", "Meta", plain_email, digits, head={"email": "email", "phone": "phone"}),
        Platform("google", "Google", google_email, e164, head={"email": "Email", "phone": "Phone"}),
        Platform("tiktok", "TikTok", tiktok_email, e164, head={"email": "EMAIL_SHA256", "phone": "PHONE_SHA256"}),
        Platform("tencent", _("Tencent Ads"), None, mainland, ("md5",)),
        Platform("ocean", _("Ocean Engine"), None, mainland, ("sha256", "md5")),
        Platform(
            "generic", _("Another one"), plain_email, e164, ("sha256", "md5"),
            {"email": "email_hash", "phone": "phone_hash"},
        ),
    )
}  # fmt: skip
CHANNELS: Mapping[str, str] = {"email": "email", "phone": "sms"}
"""The channel of our own whose addresses and consents stand for a channel of a platform."""
