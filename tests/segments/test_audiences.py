"""Audiences for advertising platforms: the formats they publish, and only who agreed."""

import hashlib

import pytest
from django.urls import reverse

from config.kit import clock
from config.kit.refusal import Conflict, Refusal
from segments.audiences import PLATFORMS
from segments.models import Audience, AudienceMember, Segment
from segments.services import audience_export, joining, lists
from tests.operators import logged_in, operator
from tests.segments.shop import customer
from users.models import AuditEntry, Consent, ContactPoint, Customer, Role, Topic
from users.services import long_jobs
from users.services.exports import files

pytestmark = pytest.mark.django_db(transaction=True)


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# Each platform's own examples: address as a shop has it → what is hashed, where the platform publishes it the hash.
@pytest.mark.parametrize(
    ("platform", "channel", "address", "algorithm", "expected"),
    [
        ("meta", "email", " John_Smith@Gmail.com ", "sha256",
         "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"),
        ("meta", "phone", "+16505551212", "sha256",
         "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"),
        ("google", "email", "cloudy.sanfrancisco@gmail.com", "sha256", sha("cloudysanfrancisco@gmail.com")),
        ("google", "email", "Jane.Doe@Shop.Example", "sha256", sha("jane.doe@shop.example")),
        ("google", "email", "a.b.c@googlemail.com", "sha256", sha("abc@googlemail.com")),
        ("google", "phone", "+18005550100", "sha256", sha("+18005550100")),
        ("tiktok", "email", "First.Last+spring@Example.com", "sha256", sha("firstlast@example.com")),
        ("tiktok", "phone", "+442071838750", "sha256", sha("+442071838750")),
        ("tencent", "phone", "+8613800138000", "md5", hashlib.md5(b"13800138000").hexdigest()),
        ("ocean", "phone", "+8613800138000", "sha256", sha("13800138000")),
        ("ocean", "phone", "+8613800138000", "md5", hashlib.md5(b"13800138000").hexdigest()),
        ("ocean", "phone", "+442071838750", "sha256", None),
        ("tencent", "phone", "+862112345678", "md5", None),  # a landline of Shanghai
        ("tencent", "email", "a@example.com", "md5", None),
        ("generic", "email", "A@Example.com", "md5", hashlib.md5(b"a@example.com").hexdigest()),
    ],
)  # fmt: skip
def test_addresses_are_written_as_the_platforms_publish(
    platform: str, channel: str, address: str, algorithm: str, expected: str | None
) -> None:
    assert PLATFORMS[platform].write(channel, address, algorithm) == expected


def agrees(who: Customer, topic: str = "ads", channel: str = "email", granted: bool = True) -> None:
    now = clock.now()
    Consent.objects.create(
        customer=who, key=f"{topic}{channel}", channel=channel, topic=Topic.objects.get(slug=topic), granted=granted,
        given_at=now, recorded_at=now, source="test", is_current=True,
    )  # fmt: skip


def has(who: Customer, address: str, channel: str = "email", **columns: object) -> None:
    now = clock.now()
    ContactPoint.objects.create(
        customer=who, channel=channel, address=address, added_at=now, changed_at=now,
        **{"confirmed": True, **columns},
    )  # fmt: skip


@pytest.fixture
def guests() -> Segment:
    """Ann agreed; the others each lack one thing."""
    ann, mute, news, private, bare, bounced, hearsay, erased = (customer(user_id=f"u{n}") for n in range(8))
    for who in (ann, private, bare, bounced, hearsay, erased):
        agrees(who)
    agrees(news, topic="news")  # no other yes implies it
    agrees(mute, granted=False)
    for who in (ann, mute, news, private, erased):
        has(who, f"{who.user_id}@example.com")
    has(ann, "ann.second@example.com")
    has(bounced, "b@example.com", state="bouncing")
    has(hearsay, "h@example.com", confirmed=False)
    Customer.objects.filter(pk=private.pk).update(no_profiling=True)
    found = lists.create_list(name="Guests", by=None)
    people = [ann, mute, news, private, bare, bounced, hearsay, erased]
    lists.change(found, [one.pk for one in people], "add", by=None)
    Customer.objects.filter(pk=erased.pk).update(erased_at=clock.now())
    found.refresh_from_db()
    return found


def made(found: Segment, **asked: str) -> tuple[Audience, list[str]]:
    audience = audience_export.ask(found, by=operator(), **asked)
    while long_jobs.run_due():
        pass
    audience.refresh_from_db()
    assert audience.export is not None
    return audience, files.path_of(audience.export.token, "csv").read_text().splitlines()


def test_only_who_agreed_goes_in_and_the_others_are_counted(
    guests: Segment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audience_export, "MEMBERS", 3)
    audience, lines = made(guests, platform="meta", channel="email")
    assert lines == ["email", sha("ann.second@example.com"), sha("u0@example.com")]
    assert audience.left_out == {"no_consent": 2, "no_profiling": 1, "no_address": 3, "not_taken": 0}
    assert audience.members_count == 1
    entry = AuditEntry.objects.get(act="audience.ask")
    assert entry.after == {"platform": "meta", "channel": "email", "segment": "Guests", "algorithm": "sha256"}


def test_one_hash_a_line_without_a_head_where_that_is_wanted(guests: Segment) -> None:
    ann = Customer.objects.get(user_id="u0")
    agrees(ann, channel="sms")
    has(ann, "+8613800138000", channel="sms")
    abroad = Customer.objects.get(user_id="u1")
    agrees(abroad, channel="sms")
    has(abroad, "+442071838750", channel="sms")
    audience, lines = made(guests, platform="tencent", channel="phone", algorithm="md5")
    assert lines == [hashlib.md5(b"13800138000").hexdigest()]
    assert (audience.left_out["not_taken"], audience.left_out["no_consent"]) == (1, 5)


def test_a_customer_is_told_joined_and_forgotten(guests: Segment) -> None:
    audience, _lines = made(guests, platform="google", channel="email")
    (member,) = AudienceMember.objects.all()
    other = customer()
    joining.join(other.pk, member.customer_id)
    assert list(AudienceMember.objects.values_list("customer_id", "audience_id")) == [(other.pk, audience.pk)]
    from users.privacy import holdings

    held = holdings["segments.AudienceMember"]
    row = AudienceMember.objects.filter(customer=other).values_list(*held.columns)[0]
    assert row[1:] == ("google", "email", "Guests")


def test_refusals(guests: Segment) -> None:
    for asked, code in (
        ({"platform": "myspace", "channel": "email"}, "unknown_platform"),
        ({"platform": "tencent", "channel": "email", "algorithm": "md5"}, "not_taken"),
        ({"platform": "meta", "channel": "email", "algorithm": "md5"}, "unknown_hash"),
    ):
        with pytest.raises(Refusal) as refused:
            audience_export.ask(guests, by=None, **asked)
        assert refused.value.code == code
    Segment.objects.update(state="retired")
    guests.refresh_from_db()
    with pytest.raises(Conflict):
        audience_export.ask(guests, platform="meta", channel="email", by=None)


def test_on_the_page_and_by_role(guests: Segment) -> None:
    page = reverse("segments:audience", args=[guests.pk])
    for role in Role.values:
        may = role in {Role.OWNER, Role.OPERATOR}
        assert logged_in(role).get(page).status_code == (200 if may else 403)
    client = logged_in(Role.OPERATOR)
    form = {"platform": "google", "channel": "email", "algorithm": "sha256"}
    assert client.post(page, form).status_code == 302
    while long_jobs.run_due():
        pass
    shown = client.get(page).content.decode()
    assert "2 did not agree to advertising platforms" in shown
    audience = Audience.objects.get()
    file = reverse("users:export_file", args=[audience.export_id])
    assert file in shown
    assert client.get(file).status_code == 200
    assert logged_in(Role.ANALYST).get(file).status_code == 404  # somebody else's
