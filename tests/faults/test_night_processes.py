"""A whole shop while its parts are killed, cut off, started twice or on a wrong clock: `make faults`."""

import base64
import json
import pickle
import random
import threading
import time
from collections import Counter

import pytest

from segments.models import Segment
from tests.faults.house import (
    House,
    Traffic,
    all_well,
    everything_applied,
    free_port,
    running_web,
    until,
    until_it_answers,
)
from tests.segments.shop import segment
from users.models import Event, JobRun
from users.services.intake import apply_waiting

pytestmark = [pytest.mark.faults, pytest.mark.night, pytest.mark.timeout(1800)]

VIEWED = {"event": "Product Viewed", "op": "did", "in_last_days": 30}
MANY = {"field": "orders", "op": "at_least", "value": 3}


def segments() -> list[Segment]:
    return [segment(VIEWED, name="Viewed"), segment(MANY, name="Three orders")]


@pytest.mark.parametrize("hours", [2, -2])
def test_a_worker_whose_clock_is_two_hours_off(house: House, hours: float) -> None:
    segments()
    house.worker("right")
    house.worker("wrong", hours=hours)
    house.beat()
    with running_web(house) as port, Traffic(port) as traffic:
        time.sleep(9)
    all_well(traffic)
    slots = Counter(JobRun.objects.values_list("job", "slot"))
    assert set(slots.values()) == {1}
    assert not JobRun.objects.exclude(error="").exists()


def test_rubbish_in_the_queue(house: House) -> None:
    """A pickle, an unknown task, no JSON at all, no envelope, and 50 MB: the worker goes on."""
    segments()
    worker = house.worker(children=1)
    broker = house.servers.redis.client()

    def envelope(body: bytes, kind: str, task: str) -> bytes:
        about = {"lang": "py", "task": task, "id": "x", "root_id": "x", "parent_id": None, "group": None}
        properties = {
            "correlation_id": "x", "delivery_mode": 2, "delivery_info": {"exchange": "", "routing_key": "intake"},
            "priority": 0, "body_encoding": "base64", "delivery_tag": f"t{random.random()}",
        }  # fmt: skip
        return json.dumps(
            {"body": base64.b64encode(body).decode(), "content-encoding": "binary", "content-type": kind,
             "headers": about, "properties": properties}
        ).encode()  # fmt: skip

    call = json.dumps([[], {}, {}]).encode()
    rubbish = [
        envelope(pickle.dumps(((), {}, {})), "application/x-python-serialize", "users.apply_intake"),
        envelope(call, "application/json", "nobody.knows"),
        envelope(json.dumps([["x"] * 9, {}, {}]).encode(), "application/json", "users.apply_intake"),
        envelope(b"\xff\x00no json", "application/json", "users.apply_intake"),
        envelope(json.dumps([["x" * 37_000_000], {}, {}]).encode(), "application/json", "users.apply_intake"),
        b"no json at all", b"[]", b"{}", b'{"body": 7}',
    ]  # fmt: skip
    for message in rubbish:
        broker.lpush("intake", message)
        until(lambda: broker.llen("intake") == 0, said=worker.said)
        assert worker.lives, (message[:200], worker.said()[-3_000:])
    house.beat()
    with running_web(house) as port, Traffic(port) as traffic:
        time.sleep(2)
    all_well(traffic)


def test_two_beats_and_then_none(house: House) -> None:
    segments()
    house.worker()
    beats = [house.beat("beat1"), house.beat("beat2")]
    with running_web(house) as port, Traffic(port, pause=0.5) as traffic:
        until(lambda: JobRun.objects.filter(job="segments.refresh").count() > 3)
        assert set(Counter(JobRun.objects.values_list("job", "slot")).values()) == {1}
        for beat in beats:
            beat.kill()
        time.sleep(12)  # what they had sent is old by now
        before, runs = Event.objects.count(), JobRun.objects.count()
        time.sleep(300)
        until(lambda: Event.objects.count() > before + 200)  # intake nudges its own workers
        assert JobRun.objects.count() == runs
        house.beat("beat3")
        time.sleep(1)
    all_well(traffic)
    assert set(Counter(JobRun.objects.values_list("job", "slot")).values()) == {1}


def test_redis_is_flushed_killed_for_twenty_seconds_and_comes_back_empty(
    house: House, luck: random.Random
) -> None:
    segments()
    workers = [house.worker("one"), house.worker("two", children=1)]
    house.beat()
    redis = house.servers.redis
    with running_web(house) as port, Traffic(port) as traffic:
        for _flush in range(10):
            time.sleep(luck.random() * 0.5)
            redis.client().flushall()
        heard = traffic.sent
        redis.kill()
        time.sleep(20)
        assert traffic.sent - heard > 20, traffic.statuses  # taken without Redis
        redis.launch()
        redis.wait()
        time.sleep(2)
    all_well(traffic)
    assert [worker.lives for worker in workers] == [True, True]


def test_redis_connections_are_cut_all_the_time(house: House, luck: random.Random) -> None:
    segments()
    workers = [house.worker("one"), house.worker("two", children=1)]
    house.beat()
    over = threading.Event()

    def cut() -> None:
        while not over.wait(luck.random() * 0.3):
            house.servers.redis.client().execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            house.servers.redis.client().execute_command("CLIENT", "KILL", "TYPE", "pubsub", "SKIPME", "yes")

    with running_web(house) as port, Traffic(port) as traffic:
        thread = threading.Thread(target=cut)
        thread.start()
        time.sleep(12)
        over.set()
        thread.join()
    all_well(traffic)
    assert [worker.lives for worker in workers] == [True, True]


def test_postgres_is_stopped_at_once_in_mid_work(house: House, luck: random.Random) -> None:
    """The immediate stop, again and again: sessions are cut in mid-transaction, in mid-refresh, in mid-rebuild."""
    made = segments()
    house.worker("one", children=3)
    house.beat()
    with running_web(house) as port, Traffic(port) as traffic:
        for _stop in range(4):
            time.sleep(1 + luck.random() * 2)
            try:
                Segment.objects.filter(pk=made[0].pk).update(state="needs_rebuild")
            except Exception:
                time.sleep(0.1)
            house.servers.postgres.kill()
            time.sleep(0.5)
            house.servers.start(redis=False)
            until(lambda: apply_waiting(0) is not None)
    all_well(traffic)
    assert not Segment.objects.exclude(state="live").exists()


def test_everything_is_restarted_one_after_the_other_three_times(house: House) -> None:
    """A rolling deploy: two webs behind a balancer, two workers, beat; nothing is lost and no answer is broken off."""
    segments()
    ports = free_port(), free_port()
    webs = {port: house.web(port) for port in ports}
    workers = {name: house.worker(name, children=1) for name in ("one", "two")}
    beat = house.beat()
    for port in ports:
        until_it_answers(port)
    with Traffic(*ports) as traffic:
        for _round in range(3):
            for port in ports:
                webs[port].stop()
                webs[port] = house.web(port)
                until_it_answers(port)
            for name, worker in list(workers.items()):
                worker.stop()
                workers[name] = house.worker(name, children=1)
            beat.stop()
            beat = house.beat()
    assert set(traffic.statuses) <= {"200", "refused"}, traffic.statuses
    all_well(traffic)


def test_workers_are_killed_again_and_again(house: House, luck: random.Random) -> None:
    """kill -9 of the whole group, of one pool child, twenty-five times in all."""
    segments()
    house.beat()
    with running_web(house) as port, Traffic(port) as traffic:
        worker = house.worker()
        until(everything_applied)
        for kill in range(25):
            time.sleep(luck.random() * 0.4)
            if kill % 5 == 4:
                worker.kill()
                worker = house.worker()
            else:
                worker.kill_a_child(luck)
    all_well(traffic)
