"""The switch that stops all sending, and the latch that a restored dump turns it off by."""

import io

import pytest
from django.core.management import call_command
from django.urls import reverse

from campaigns.services.dispatch import dispatch
from tests.campaigns.acts import outcomes, plan
from tests.campaigns.audience import customers, draft, segment_of
from tests.operators import logged_in, operator
from tests.sinks import SmtpSink
from users.models import AuditEntry, ShopSetting
from users.services import settings
from users.services.going_out import HOME, held, settle_restored

pytestmark = pytest.mark.django_db


def home() -> str:
    return logged_in().get(reverse("users:home")).content.decode()


def test_nothing_goes_out_while_the_switch_is_off(smtp_sink: SmtpSink) -> None:
    plan(draft(segment_of(customers(2))))
    settings.change({"sending": 0}, by=operator())
    assert dispatch().batches == 0
    assert (outcomes(), held()) == ({"queued": 2}, "stopped")
    assert "Nothing goes out" in home()
    settings.change({"sending": 1}, by=operator())
    assert "Nothing goes out" not in home()
    dispatch()
    assert (outcomes(), len(smtp_sink.envelopes)) == ({"sent": 2}, 2)


def test_a_database_that_is_not_where_it_was_sends_nothing_until_an_owner_says_so(
    smtp_sink: SmtpSink,
) -> None:
    plan(draft(segment_of(customers(1))))
    assert (held(), settle_restored()) == ("", None)  # here it is at home
    ShopSetting.objects.filter(name=HOME).update(value="1/2/3")
    assert (held(), dispatch().batches) == ("restored", 0)
    assert "restored from a dump" in home()
    out = io.StringIO()
    call_command("replay_erasures", if_restored=True, stdout=out)
    assert "restored from a dump. 0 erased again" in out.getvalue()
    assert (held(), dispatch().batches) == ("stopped", 0)
    assert AuditEntry.objects.get(act="sending.restored").before == {"database": "1/2/3"}
    settings.change({"sending": 1}, by=operator())
    assert (dispatch().accepted, held()) == (1, "")
    call_command("replay_erasures", if_restored=True, stdout=out)
    assert settle_restored() is None
