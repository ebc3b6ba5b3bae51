"""The customers behind a number: listed, refused when the link is wrong, kept as a rule or as a list."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.urls import reverse

from config.kit import clock
from segments.models import Membership, Segment
from segments.services.rebuild import rebuild
from tests.operators import logged_in
from tests.users.door import identify, send, track
from users.groups import group_spec, group_url
from users.models import Role

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast() -> None:
    """Dora and Otto are dormant, Vera is active and a woman."""
    now = clock.now()
    for name, days in (("dora", 45), ("otto", 46), ("vera", 20)):
        at = now - timedelta(days=days)
        send(identify(at=at, user=name, name=name.title()), track("Product Viewed", at=at, user=name))
    send(identify(at=now, user="vera", gender="female"))


def names_behind(spec: str) -> set[str]:
    page = logged_in(Role.ANALYST).get(reverse("users:customers"), {"group": spec})
    assert page.status_code == 200
    assert page.context is not None
    return {str(row[0]) for row in page.context["table"].rows}


def keep(spec: str, name: str, **extra: str) -> Segment:
    address = f"{reverse('segments:keep')}?{urlencode({'group': spec})}"
    answer = logged_in(Role.OPERATOR).post(address, {"name": name, **extra})
    assert answer.status_code == 302, answer.content
    segment = Segment.objects.get(name=name)
    return segment if segment.is_list else rebuild(segment, clock.now())


def members(segment: Segment) -> set[str]:
    return {
        str(row.customer) for row in Membership.objects.filter(segment=segment).select_related("customer")
    }


@pytest.mark.usefixtures("cast")
def test_a_link_opens_the_customers_behind_it() -> None:
    assert names_behind(group_spec("stage", stage="dormant")) == {"Dora", "Otto"}
    assert names_behind(group_spec("dimension", by="gender", value="female")) == {"Vera"}
    assert group_url("stage", stage="new").endswith("?group=stage%3Fstage%3Dnew")


@pytest.mark.parametrize(
    "spec", ["nothing?a=1", "stage?stage=asleep", "stage?", "segment?segment=x", "tag?tag=999999"]
)
def test_a_link_that_names_no_group_says_so(spec: str) -> None:
    page = logged_in(Role.ANALYST).get(reverse("users:customers"), {"group": spec})
    assert page.status_code == 400
    assert "names no group of customers" in page.content.decode()


@pytest.mark.usefixtures("cast")
def test_a_group_with_a_rule_becomes_a_living_segment() -> None:
    segment = keep(group_spec("stage", stage="dormant"), "Asleep")
    assert segment.rule is not None
    assert segment.rule["root"] == {"all": [{"field": "stage", "op": "is_any_of", "value": ["dormant"]}]}
    assert members(segment) == {"Dora", "Otto"}


@pytest.mark.usefixtures("cast")
def test_a_group_without_a_rule_is_kept_as_the_list_it_is() -> None:
    segment = keep(group_spec("dimension", by="gender", value="female"), "Women")
    assert members(segment) == {"Vera"}
    assert (segment.is_list, segment.size, segment.rule) == (True, 1, None)


@pytest.mark.usefixtures("cast")
def test_a_group_with_a_rule_may_be_frozen() -> None:
    segment = keep(group_spec("stage", stage="dormant"), "Asleep in May", frozen="on")
    assert (segment.is_list, members(segment)) == (True, {"Dora", "Otto"})


@pytest.mark.usefixtures("cast")
def test_who_may_not_make_segments_is_offered_none() -> None:
    page = logged_in(Role.READ_ONLY).get(reverse("users:customers"), {"group": group_spec("everyone")})
    assert page.context is not None
    assert not [act for act in page.context["group_acts"] if act.url.startswith(reverse("segments:keep"))]
    address = f"{reverse('segments:keep')}?{urlencode({'group': group_spec('everyone')})}"
    assert logged_in(Role.READ_ONLY).post(address, {"name": "x"}).status_code == 403
