"""The demo shop's time goes on: everything the apps let happen in it, one after the other."""

from datetime import datetime

from users.demo import demo_days
from users.services.demo.state import is_demo


def live(now: datetime) -> int:
    """Let every lent day of the demo shop happen up to ``now``; how many. None where there is no demo."""
    if not is_demo():
        return 0
    for day in demo_days:
        day.live(now)
    return len(demo_days)
