"""Source codes: making, changing, closing them, and noting who followed their links."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from config.kit import clock
from config.kit.batches import execute
from config.kit.refusal import Conflict, Refusal
from users.models import (
    AcquisitionChannel,
    ChannelCost,
    FirstTouch,
    Operator,
    OwnerKind,
    SourceCode,
    SourceTouch,
    Storefront,
)
from users.services import audit
from users.services.acquisition import place_again
from users.touches import CODE_PARAMETER, LONGEST, UTM, host_of

CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
UTM_FIELDS = tuple(f"utm_{name}" for name in UTM)


@dataclass(frozen=True, slots=True)
class SourceDraft:
    """What an operator says of a source code."""

    name: str
    channel: AcquisitionChannel
    owner_kind: str
    owner: str
    target: str
    platform: str = ""
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    utm_term: str = ""
    utm_content: str = ""

    def values(self) -> dict[str, object]:
        """By column."""
        return {name: getattr(self, name) for name in self.__slots__}


@transaction.atomic
def create_source(
    code: str, draft: SourceDraft, *, by: Operator | None, is_invented: bool = False
) -> SourceCode:
    """Make a source code; customers who were already told to have come with it find their place.

    Raises Refusal for a code that is taken or no code, and for a target that is no page of the shop.
    """
    code = code.strip().lower()
    if not CODE.fullmatch(code):
        raise Refusal(
            "bad_code",
            _("Up to 60 Latin letters, digits, “-” and “_”, beginning with a letter or digit."),
            field="code",
        )
    if SourceCode.objects.filter(code=code).exists():
        raise Conflict("code_taken", _("There is such a source code already."), field="code")
    _check(draft)
    source = SourceCode.objects.create(
        code=code, created_at=clock.now(), is_invented=is_invented, **draft.values()
    )
    audit.record("source.create", by=by, target=source, after=_told(source))
    place_again(codes=[code])
    return source


@transaction.atomic
def change_source(source_id: int, draft: SourceDraft, *, by: Operator | None) -> SourceCode:
    """Change everything but the code itself. The channel of a code that brought somebody stays."""
    source = SourceCode.objects.select_for_update(of=("self",)).select_related("channel").get(pk=source_id)
    _check(draft)
    if draft.channel != source.channel and _is_used(source):
        raise Conflict(
            "source_used",
            _("This code has brought customers or has costs, so its channel stays. Make a new code."),
            field="channel",
        )
    before = _told(source)
    for name, value in draft.values().items():
        setattr(source, name, value)
    source.save()
    if (after := _told(source)) != before:
        audit.record("source.change", by=by, target=source, before=before, after=after)
        _touch_customers(source)
    return source


@transaction.atomic
def set_closed(source_id: int, *, closed: bool, by: Operator | None) -> None:
    """Close a code, whose link then leads nowhere, or open it again."""
    source = SourceCode.objects.select_for_update().get(pk=source_id)
    if (source.closed_at is not None) == closed:
        return
    source.closed_at = clock.now() if closed else None
    source.save(update_fields=["closed_at"])
    act = "source.close" if closed else "source.reopen"
    audit.record(act, by=by, target=source, before={"closed": not closed}, after={"closed": closed})


def allowed_hosts() -> set[str]:
    """The hosts that links may lead to: ours and those of the storefronts, with ports."""
    origins = [settings.PUBLIC_URL]
    for listed in Storefront.objects.values_list("allowed_origins", flat=True):
        origins += [origin for origin in listed if isinstance(origin, str)]
    return {urlsplit(origin).netloc.lower() for origin in origins} - {""}


def is_allowed(target: str, hosts: set[str]) -> bool:
    """Whether a link may lead there: http or https, a host of the shop, nothing that could be read otherwise."""
    if any(ord(letter) <= 32 or letter in "\\\x7f" for letter in target) or len(target) > 500:
        return False
    try:
        parts = urlsplit(target)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or port == 0:
        return False
    return parts.netloc.lower() in hosts


def landing_address(source: SourceCode, asked: Mapping[str, str]) -> str:
    """Where the link leads: the stored target with the code and its UTM; the visitor's own UTM adds detail."""
    parts = urlsplit(source.target)
    told = utm_of(source, asked)
    ours = {CODE_PARAMETER: source.code, **{f"utm_{name}": value for name, value in told.items()}}
    kept = [
        (name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in ours
    ]
    return urlunsplit(parts._replace(query=urlencode([*kept, *ours.items()])))


def utm_of(source: SourceCode, asked: Mapping[str, str]) -> dict[str, str]:
    """The UTM of a landing: the code's own, and what the address adds where the code says nothing."""
    told = {}
    for name in UTM:
        said = getattr(source, f"utm_{name}") or asked.get(f"utm_{name}", "")
        if text := said.replace("\0", "").strip()[:LONGEST]:
            told[name] = text
    return told


def short_link(source: SourceCode) -> str:
    """The address that posters and posts carry."""
    return f"{settings.PUBLIC_URL}/s/{source.code}"


def note_touch(
    source: SourceCode, *, visitor: UUID, asked: Mapping[str, str], referrer: str, by_bot: bool, now: datetime
) -> None:
    """Note that somebody followed the link."""
    SourceTouch.objects.create(
        source=source,
        visitor=visitor,
        at=now,
        referrer_host=host_of(referrer.replace("\0", "")),
        utm=utm_of(source, asked),
        by_bot=by_bot,
    )


def _check(draft: SourceDraft) -> None:
    if draft.owner_kind not in OwnerKind.values:
        raise Refusal("bad_owner", _("There is no such kind of owner."), field="owner_kind")
    if not draft.owner.strip():
        raise Refusal("no_owner", _("Say whose code it is."), field="owner")
    if not is_allowed(draft.target, allowed_hosts()):
        raise Refusal(
            "bad_target",
            _("Only web addresses of the shop: %(hosts)s") % {"hosts": ", ".join(sorted(allowed_hosts()))},
            field="target",
        )


def _is_used(source: SourceCode) -> bool:
    return (
        FirstTouch.objects.filter(source=source).exists()
        or ChannelCost.objects.filter(source=source).exists()
    )


def _touch_customers(source: SourceCode) -> None:
    execute(
        "INSERT INTO users_touched (customer_id, topic, is_history)"
        " SELECT customer_id, 'profile', true FROM users_firsttouch WHERE source_id = %s",
        [source.pk],
    )


def _told(source: SourceCode) -> dict[str, object]:
    plain = {name: getattr(source, name) for name in SourceDraft.__slots__ if name != "channel"}
    return {"code": source.code, "channel": source.channel.slug, **plain}
