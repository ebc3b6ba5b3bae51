"""From visitor to core: the steps counted a second way, and the customers behind each number."""

from datetime import timedelta

import pytest
from django.urls import reverse

from config.kit import clock
from tests.operators import logged_in
from tests.users.door import customer, identify, send, track, visit
from users.dimensions import dimensions
from users.models import Customer, CustomerValue, Role
from users.reports.ladder import Step, ladder

pytestmark = pytest.mark.django_db


@pytest.fixture
def _shop() -> None:
    """A visitor, a name without registration, one who registered, a buyer of two orders who is core."""
    now = clock.now()
    send(
        visit(at=now, anonymous="a-1"),
        identify(at=now, user="nora", name="Nora"),
        identify(
            at=now, user="rita", name="Rita", createdAt=(now - timedelta(days=3)).isoformat(), channel="weibo"
        ),
        identify(
            at=now, user="paul", name="Paul", createdAt=(now - timedelta(days=9)).isoformat(), channel="baidu"
        ),
        track("Order Completed", at=now, user="paul", order_id="1", total=20, currency="USD"),
    )
    CustomerValue.objects.update_or_create(customer=customer("paul"), defaults={"is_core": True})
    Customer.objects.create(first_seen_at=now, erased_at=now)


def names(url: str) -> set[str]:
    page = logged_in(Role.ANALYST).get(url)
    assert page.context is not None
    return {str(row[0]) for row in page.context["table"].rows}


@pytest.mark.usefixtures("_shop")
def test_each_step_by_channel() -> None:
    rungs = {
        rung.value: [rung.counts[step] for step in Step]
        for rung in ladder(dimensions["channel"], clock.now()).rungs
    }
    assert rungs == {None: [2, 1, 0, 0, 0], "weibo": [1, 1, 1, 0, 0], "search": [1, 1, 1, 1, 1]}


@pytest.mark.usefixtures("_shop")
def test_every_number_opens_its_customers() -> None:
    page = logged_in(Role.ANALYST).get(reverse("users:ladder"), {"by": "subchannel"})
    assert page.context is not None
    assert [stat.value for stat in page.context["stats"]] == [4, 3, 2, 1, 1]
    assert [names(stat.url) for stat in page.context["stats"]][2:] == [{"Rita", "Paul"}, {"Paul"}, {"Paul"}]
    unknown = next(row for row in page.context["table"].rows if row[0] == "not known")
    assert [cell.value for cell in unknown[1:]] == [2, 1, 0, 0, 0]
    assert names(unknown[2].url) == {"Nora"}


def test_an_empty_shop_and_an_unknown_dimension() -> None:
    page = logged_in(Role.READ_ONLY).get(reverse("users:ladder"), {"by": "nothing'\"%"})
    assert page.status_code == 200
    assert "Nobody yet" in page.content.decode()
