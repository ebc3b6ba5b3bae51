"""What every story has: a storefront that speaks to a running web server."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.settling import accept_thresholds
from tests.storefront import Storefront


@pytest.fixture
def shop(live_server: Any) -> Iterator[Storefront]:
    """The shop's back end, with a server key; its owner has accepted the thresholds."""
    accept_thresholds()
    with Storefront(live_server.url) as storefront:
        yield storefront
