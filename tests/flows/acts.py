"""Acts that several stories share: a segment of one city, a campaign sent, a link followed."""

import re
from email.message import EmailMessage

import httpx

from campaigns.models import Campaign, CampaignKind
from campaigns.services.campaigns import Plan, Text, create_campaign, start
from campaigns.services.dispatch import dispatch
from campaigns.services.finish import finish_runs
from campaigns.services.start import start_due
from config.kit import clock
from segments.models import Segment
from segments.services.rebuild import rebuild_waiting
from segments.services.segments import create_segment
from tests.sinks import SmtpSink
from tests.storefront import Storefront, path_of
from users.models import Topic

NEW_RECORDS = "https://records.example/new"
BODY = f'<p>Dear {{{{ customer.name }}}}, <a href="{NEW_RECORDS}">here is what is new</a>.</p>'
A_PERSON = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}


def living_in(city: str) -> Segment:
    """Everybody of one city."""
    rule = {"version": 1, "root": {"all": [{"field": "city", "op": "equals", "value": city}]}}
    segment = create_segment(name=f"People of {city}", rule=rule, by=None)
    rebuild_waiting()
    return segment


def send_to(segment: Segment, subject: str, *, holdout_percent: int = 0) -> Campaign:
    """A one-off campaign, written, started, planned, sent and closed."""
    now = clock.now()
    plan = Plan(
        name=subject,
        kind=CampaignKind.ONE_OFF,
        segment=segment,
        topic=Topic.objects.get(slug="news"),
        holdout_percent=holdout_percent,
    )
    campaign = create_campaign(plan, [Text(subject=subject, body=BODY, language="en")], by=None, now=now)
    start(campaign.pk, by=None, now=now)
    start_due(clock.now())
    dispatch()
    finish_runs(clock.now())
    return campaign


def letters_of(sink: SmtpSink, subject: str) -> dict[str, EmailMessage]:
    """What the mail server took, by the userId it went to; nobody got two."""
    letters = [letter for letter in sink.messages if letter["Subject"] == subject]
    by_user = {str(letter["To"]).partition("@")[0]: letter for letter in letters}
    assert len(by_user) == len(letters)
    return by_user


def follow_the_link(letter: EmailMessage, shop: Storefront) -> None:
    """Open the letter's link as a person's browser does."""
    text = letter.get_body(("html",))
    assert text is not None
    (link,) = set(re.findall(r'href="([^"]+/c/[^"]+)"', text.get_content()))
    answer = httpx.get(f"{str(shop.client.base_url).rstrip('/')}{path_of(link)}", headers=A_PERSON)
    assert (answer.status_code, answer.headers["Location"]) == (302, NEW_RECORDS)
