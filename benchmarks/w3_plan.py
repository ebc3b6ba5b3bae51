"""W3: planning a campaign to everybody, against one bare INSERT … SELECT of the same delivery rows."""

import time
from collections.abc import Iterator

from benchmarks.campaign import campaign_to_everybody, plan_all
from benchmarks.data import SIZES
from benchmarks.figure import Figure, at_most
from campaigns import shop
from campaigns.services.plan import preview
from config.kit import clock
from config.kit.batches import execute, fetch
from users.models import Channel


def figures(size: str) -> Iterator[Figure]:
    """Audience, consent, hold-out, quiet hours and batches; the preview beside it for information."""
    shop.quiet_hours_of[Channel.EMAIL].set("21:00-09:00")
    run = campaign_to_everybody("W3")
    began = time.perf_counter()
    manifest = preview(run.campaign, clock.now())
    seconds = time.perf_counter() - began
    assert manifest.matched == SIZES[size][0]
    yield Figure("W3p", "preview of a campaign to everybody", seconds)
    began = time.perf_counter()
    plan_all(run)
    planned = time.perf_counter() - began
    run.refresh_from_db()
    assert run.manifest["matched"] == SIZES[size][0], run.manifest
    yield at_most("W3", "plan a campaign to everybody", value=planned, yardstick=_bare(run.pk), limit=3)


def _bare(run_id: int) -> float:
    """The same rows, already decided, into a table with the same indexes."""
    execute("CREATE TABLE bare_decided AS SELECT * FROM campaigns_delivery WHERE run_id = %s", [run_id])
    execute("CREATE TABLE bare_delivery (LIKE campaigns_delivery INCLUDING ALL)")
    execute("ANALYZE bare_decided")
    began = time.perf_counter()
    execute("INSERT INTO bare_delivery SELECT * FROM bare_decided ORDER BY customer_id")
    seconds = time.perf_counter() - began
    assert fetch("SELECT count(*) FROM bare_delivery") == fetch("SELECT count(*) FROM bare_decided")
    return seconds
