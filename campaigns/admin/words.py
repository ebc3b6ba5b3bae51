"""How campaigns are put into words on their pages."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.models import Campaign, CampaignKind, CampaignState, DeliveryState, SkipReason
from campaigns.services.plan import Manifest
from config.kit import words
from config.kit.parts import Tone

TONES: dict[str, Tone] = {
    CampaignState.RUNNING: "good",
    CampaignState.SCHEDULED: "info",
    CampaignState.PAUSED: "warn",
    CampaignState.CANCELLED: "bad",
}


def outcome_title(key: str) -> str:
    """The words for a delivery's state or reason."""
    if key in SkipReason.values:
        return str(SkipReason(key).label)
    return str(DeliveryState(key).label)


def schedule(campaign: Campaign) -> str:
    """When it goes out, as a phrase."""
    if campaign.kind == CampaignKind.RECURRING and campaign.every_days and campaign.send_time:
        at = f"{campaign.send_time:%H:%M}"
        return ngettext(
            "every day at %(at)s (shop time)",
            "every %(days)d days at %(at)s (shop time)",
            campaign.every_days,
        ) % {"days": campaign.every_days, "at": at}
    if campaign.starts_at:
        return _("on %(when)s (shop time)") % {"when": words.absolute(campaign.starts_at)}
    return _("as soon as it is started")


def consequence(campaign: Campaign, manifest: Manifest, now: datetime) -> str:
    """What pressing start will do, read back in one or two sentences."""
    first = ngettext(
        "Sends to about %(n)s customer, %(when)s.",
        "Sends to about %(n)s customers, %(when)s.",
        manifest.will_receive,
    ) % {"n": words.number(manifest.will_receive), "when": schedule(campaign)}
    held = manifest.losses.get(SkipReason.HELD_OUT, 0)
    if not held:
        return first
    second = ngettext(
        "%(n)s is held out to measure the effect.", "%(n)s are held out to measure the effect.", held
    ) % {"n": words.number(held)}
    return f"{first} {second}"
