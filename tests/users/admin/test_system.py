"""The pages about machines: dead letters, keys, storefronts, jobs; what they show, do and refuse."""

import re
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from config.kit import clock
from config.schedule import JOBS, job
from tests.operators import logged_in
from users.admin.dead_letters import flat
from users.admin.jobs import in_words
from users.models import (
    ApiKey,
    AuditEntry,
    DeadLetter,
    IntakeBody,
    JobRun,
    LongJob,
    Role,
    Scope,
    Storefront,
)
from users.reports import machines
from users.services import api_keys, long_jobs, storefronts
from users.services.accept import accept
from users.tracking.items import Rejected

pytestmark = pytest.mark.django_db

OWNER = {Role.OWNER.value}
OPERATORS = OWNER | {Role.OPERATOR.value}
# Address name → (roles that see it, roles that may post to it).
MATRIX = {
    "jobs": (set(Role.values), OPERATORS),
    "dead_letters": (OPERATORS | {"analyst"}, OPERATORS),
    "dead_letter": (OPERATORS | {"analyst"}, OPERATORS),
    "api_keys": (OWNER, OWNER),
    "api_key_create": (OWNER, OWNER),
    "storefronts": (OWNER, OWNER),
    "storefront_create": (OWNER, OWNER),
    "storefront_secret": (OWNER, OWNER),
}
RIGHT = {"type": "track", "event": "Searched", "userId": "u1", "messageId": "m1"}


def letter(event: Any = RIGHT, code: str = "missing", field: str = "event") -> DeadLetter:
    accept([], key=None, confirmed=False, rejected=[Rejected(0, code, field, event)])
    return DeadLetter.objects.latest("pk")


def address(name: str) -> str:
    if name == "dead_letter":
        return reverse("users:dead_letter", args=[letter().pk])
    if name == "storefront_secret":
        storefront = Storefront.objects.first() or storefronts.create(name="web", title="Web", by=None)[0]
        return reverse("users:storefront_secret", args=[storefront.pk])
    return reverse(f"users:{name}")


@pytest.fixture
def owner() -> Client:
    return logged_in()


def text_of(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


@pytest.mark.parametrize("role", Role.values)
def test_who_sees_and_changes_what(role: str) -> None:
    client = logged_in(role)
    seen = {name for name in MATRIX if client.get(address(name)).status_code == 200}
    refused = {name for name in MATRIX if client.post(address(name)).status_code == 403}
    assert seen == {name for name, (see, _act) in MATRIX.items() if role in see}
    assert refused == {name for name, (_see, act) in MATRIX.items() if role not in act}


def test_a_dead_letter_says_what_came_and_why_it_was_not_taken(owner: Client) -> None:
    came = letter({"type": "track", "userId": "u1", "properties": {"price": 9.5, "tags": ["a", "<b>"]}})
    shown = owner.get(reverse("users:dead_letter", args=[came.pk])).content.decode()
    assert "A field that it needs is missing." in shown
    assert "properties · price" in shown
    assert "9.5" in shown
    assert "&lt;b&gt;" in shown
    assert "{" not in text_of(owner.get(reverse("users:dead_letters"))).split("Dead letters")[-1]


def test_nothing_that_came_is_left_out_of_a_dead_letter_but_what_is_empty() -> None:
    inside = {"price": 0, "gift": False, "clamped": True, "note": "", "none": None}
    assert flat({"clamped": False, "type": "track", "properties": inside}) == [
        ("type", "track"),
        ("properties · price", "0"),
        ("properties · gift", "no"),
        ("properties · clamped", "yes"),
    ]


def test_a_dead_letter_is_sent_in_again_with_one_click(owner: Client) -> None:
    came = letter()
    response = owner.post(reverse("users:dead_letter", args=[came.pk]), follow=True)
    assert "1 event was taken, 0 are still refused." in response.content.decode()
    assert "Send it in again" not in response.content.decode()
    assert IntakeBody.objects.count() == 1
    assert AuditEntry.objects.get(act="dead_letter.replay").actor == "Owner"


def test_letters_that_the_filter_shows_are_sent_in_again(owner: Client) -> None:
    letter({**RIGHT, "messageId": "m2"}, code="too_large", field="")
    letter({"type": "track"})
    letter()
    response = owner.post(reverse("users:dead_letters") + "?reason=missing", {"all": "1"}, follow=True)
    assert "1 event was taken, 1 is still refused." in response.content.decode()
    assert DeadLetter.objects.filter(replayed_at__isnull=True).count() == 2


@pytest.mark.parametrize(
    "event", ["x" * 40_000, "\0", "\ud800", None, 7, [[[]]], {"\ud800": "\0"}, {"event": 3}]
)
def test_whatever_came_can_be_shown(owner: Client, event: Any) -> None:
    came = letter(event)
    assert owner.get(reverse("users:dead_letters")).status_code == 200
    assert owner.get(reverse("users:dead_letter", args=[came.pk])).status_code == 200


def test_lists_take_the_same_queries_for_one_and_for_fifty(
    owner: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(50):
        letter({**RIGHT, "messageId": str(number)})
        api_keys.create(name=f"Key {number}", scope=Scope.WRITE, by=None)
    owner.get(reverse("users:dead_letters"))
    for name in ("dead_letters", "api_keys", "jobs"):
        with django_assert_max_num_queries(10):
            owner.get(reverse(f"users:{name}"))


def test_a_key_is_shown_once_and_works(owner: Client) -> None:
    response = owner.post(reverse("users:api_key_create"), {"name": "Web shop", "scope": "server"})
    (secret,) = re.findall(r"rgs_[\w-]{43}", response.content.decode())
    assert response["Cache-Control"] == "private, no-store"
    key = api_keys.find(secret)
    assert key is not None
    assert (key.name, key.scope) == ("Web shop", Scope.SERVER)
    assert AuditEntry.objects.get(act="api_key.create").actor == "Owner"
    listed = owner.get(reverse("users:api_keys")).content.decode()
    assert secret[:8] in listed
    assert secret not in listed


@pytest.mark.parametrize("form", [{}, {"name": "", "scope": "write"}, {"name": "x", "scope": "root"}])
def test_a_key_needs_a_name_and_a_scope(owner: Client, form: dict[str, str]) -> None:
    assert owner.post(reverse("users:api_key_create"), form).status_code == 200
    assert not ApiKey.objects.exists()


def test_a_key_is_revoked(owner: Client) -> None:
    key, secret = api_keys.create(name="Old", scope=Scope.WRITE, by=None)
    owner.post(reverse("users:api_keys"), {"revoke": str(key.pk)})
    assert api_keys.find(secret) is None
    assert AuditEntry.objects.get(act="api_key.revoke").actor == "Owner"
    assert "Revoked" in text_of(owner.get(reverse("users:api_keys")))
    for nonsense in ("", "x", "9" * 30, "4711"):
        assert owner.post(reverse("users:api_keys"), {"revoke": nonsense}).status_code == 302


def test_a_storefront_shows_its_secret_once_and_can_renew_it(owner: Client) -> None:
    made = owner.post(reverse("users:storefront_create"), {"title": "Web shop", "name": "web"})
    storefront = Storefront.objects.get(name="web")
    first = storefront.jwt_secret
    assert first in made.content.decode()
    renew = reverse("users:storefront_secret", args=[storefront.pk])
    assert first not in owner.get(renew).content.decode()
    renewed = owner.post(renew).content.decode()
    storefront.refresh_from_db()
    assert storefront.jwt_secret in renewed
    assert storefront.jwt_secret != first
    jwt.decode(jwt.encode({}, storefront.jwt_secret, "HS256"), storefront.jwt_secret, ["HS256"])
    acts = AuditEntry.objects.filter(act__startswith="storefront.").values_list("act", flat=True)
    assert sorted(acts) == ["storefront.create", "storefront.renew_secret"]
    assert not any(first in str(entry) for entry in AuditEntry.objects.values_list("after", flat=True))


def test_a_storefront_has_a_name_of_its_own(owner: Client) -> None:
    storefronts.create(name="web", title="Web shop", by=None)
    again = owner.post(reverse("users:storefront_create"), {"title": "Other", "name": "web"})
    assert "There is a storefront of that name." in again.content.decode()
    assert Storefront.objects.get().title == "Web shop"


def ran(job: str, ago: timedelta, **fields: Any) -> None:
    started = clock.lease_now() - ago
    defaults = {"finished_at": started, "milliseconds": 12, "result": {}}
    JobRun.objects.create(job=job, slot=int(started.timestamp()), started_at=started, **(defaults | fields))


def test_each_job_says_how_it_is() -> None:
    ran("users.relay", timedelta(seconds=1), result={"handled": 3})
    ran("users.relay", timedelta(hours=1), error="ValueError: old")
    ran("users.move_stages", timedelta(seconds=5), error="ValueError: broken", result=None)
    ran("users.apply_intake", timedelta(minutes=3))
    ran("segments.refresh", timedelta(seconds=3), finished_at=None, milliseconds=None, result=None)
    ran("segments.audit", job("segments.audit").every + timedelta(seconds=30))
    states = {state.job.name: state.state for state in machines.job_states(clock.lease_now())}
    assert list(states) == [job.name for job in JOBS]
    assert {name: state for name, state in states.items() if state != "never"} == {
        "users.apply_intake": "late",
        "users.relay": "fine",
        "users.move_stages": "failed",
        "segments.refresh": "running",
        "segments.audit": "fine",
    }


def test_the_jobs_page_puts_results_in_words(owner: Client) -> None:
    ran("users.relay", timedelta(seconds=1), result={"handled": 1234, "parked": 0})
    ran("users.move_stages", timedelta(seconds=5), error="ValueError: broken\nmore", result=None)
    shown = text_of(owner.get(reverse("users:jobs")))
    assert "handled: 1,234" in shown
    assert "parked" not in shown
    assert "ValueError: broken" in shown
    assert "Has not run yet" in shown
    with translation.override("zh-hans"):
        (relayed,) = [one for one in machines.job_states(clock.lease_now()) if one.job.name == "users.relay"]
        assert in_words(relayed) == "已处理：1,234"


def test_the_jobs_page_shows_what_waits(owner: Client) -> None:
    now = clock.now()
    accept([{"message_id": "m1"}], key=None, confirmed=False, received_at=now - timedelta(minutes=2))
    letter()
    waiting = machines.waiting(now)
    assert (waiting.bodies, waiting.oldest, waiting.dead_letters) == (1, timedelta(minutes=2), 1)
    assert "Bodies waiting" in text_of(owner.get(reverse("users:jobs")))


def test_a_long_job_shows_its_progress_and_is_cancelled_once(owner: Client) -> None:
    job = long_jobs.start("test", title="Import of May", by=None, total=200)
    LongJob.objects.update(done=50)
    shown = text_of(owner.get(reverse("users:jobs")))
    assert "Import of May" in shown
    assert "50 of 200 · 25%" in shown
    for _ in range(2):
        owner.post(reverse("users:jobs"), {"cancel": str(job.pk)})
    job.refresh_from_db()
    assert job.cancel_asked
    assert AuditEntry.objects.filter(act="job.cancel").count() == 1
    assert "Stopping" in text_of(owner.get(reverse("users:jobs")))


def test_a_part_of_the_jobs_page_refreshes_alone(owner: Client) -> None:
    part = owner.get(reverse("users:jobs"), headers={"HX-Request": "true", "HX-Target": "jobs"})
    assert "<html" not in part.content.decode()
    assert "Scheduled jobs" in part.content.decode()
