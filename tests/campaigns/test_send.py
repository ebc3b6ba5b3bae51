"""A campaign from the press of the button to the mail server, and everybody who did not get it."""

import pytest

from campaigns.models import Attempt, Campaign, CampaignRun, CampaignState, Delivery
from campaigns.services import campaigns as acts
from campaigns.services.dispatch import dispatch
from campaigns.services.finish import finish_runs
from campaigns.services.start import start_due
from config.kit import clock
from config.kit.refusal import Refusal
from tests.campaigns.audience import customers, draft, give_consent, give_mail, segment_of
from tests.sinks import SmtpSink
from users.models import ContactPoint, Topic

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def seeded() -> None:
    from users.seed import seed

    seed()


def run(campaign: Campaign) -> CampaignRun:
    acts.start(campaign.pk, by=None, now=clock.now())
    start_due(clock.now())
    dispatch()
    finish_runs(clock.now())
    return CampaignRun.objects.get(campaign=campaign)


def outcomes() -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    for state, reason in Delivery.objects.values_list("state", "reason"):
        counts[state, reason] = counts.get((state, reason), 0) + 1
    return counts


def test_everybody_who_may_be_mailed_gets_one_letter_and_the_rest_a_reason(smtp_sink: SmtpSink) -> None:
    good = customers(120)
    silent = customers(3, consent=False)
    without_address = customers(2, contact=False)
    campaign = draft(segment_of(good + silent + without_address))
    finished = run(campaign)
    assert sorted(str(m["To"]) for m in smtp_sink.messages) == sorted(f"c{pk}@example.com" for pk in good)
    assert outcomes() == {("sent", ""): 120, ("skipped", "no_consent"): 3, ("skipped", "unreachable"): 2}
    assert finished.manifest == {
        "matched": 125,
        "will_receive": 120,
        "losses": {"no_consent": 3, "unreachable": 2},
    }
    assert finished.state == CampaignRun.State.FINISHED
    assert Campaign.objects.get().state == CampaignState.FINISHED
    assert Attempt.objects.filter(state="sent", number=1).count() == 120


def test_a_service_message_needs_no_consent_and_goes_once(smtp_sink: SmtpSink) -> None:
    from campaigns.services.service_message import queue

    (mei,) = customers(1, consent=False)
    for _again in range(2):
        queue(
            customer_id=mei,
            kind="reply",
            key="reply:7",
            subject="Re: hello {{",
            body="Dear <you>,\n\nyes.",
            now=clock.now(),
        )
    dispatch(service=True)
    (mail,) = smtp_sink.messages
    assert (mail["Subject"], mail["To"], mail["List-Unsubscribe"]) == (
        "Re: hello {{",
        f"c{mei}@example.com",
        None,
    )
    text, html = (part.get_content() for part in mail.iter_parts())
    assert text == "Dear <you>,\n\nyes.\n"
    assert '<div style="white-space:pre-line">Dear &lt;you&gt;,\n\nyes.</div>' in html
    assert Delivery.objects.get().state == "sent"
