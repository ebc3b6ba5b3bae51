"""W6: 16 threads spend and earn points, on 10 accounts and on 100,000, against bare UPDATE and INSERT."""

import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from random import Random
from statistics import median

from django.db import connection, transaction

from benchmarks.figure import Figure, at_least
from config.kit import clock
from config.kit.batches import execute
from config.kit.refusal import Conflict
from growth.models import EntryKind
from growth.services import books
from growth.services.earn import grant
from growth.services.spend import spend

THREADS = 16
SECONDS = 4.0
ROUNDS = 3
BEGUN_WITH = 1000

Act = Callable[[int, str, bool], None]


def figures(size: str) -> Iterator[Figure]:
    """Both ways in turn on few accounts and on many; the books must sum to zero afterwards."""
    _prepare(100_000)
    for accounts in (10, 100_000):
        rounds = [(_rate(_ours, accounts), _rate(_bare, accounts)) for _ in range(ROUNDS)]
        value, yardstick = (median(rates) for rates in zip(*rounds, strict=True))
        yield at_least(
            f"W6-{accounts}",
            f"points spent and earned, {THREADS} threads on {accounts:,} accounts",
            value=value,
            yardstick=yardstick,
            limit=0.6,
        )
    found = books.check()
    off = found["sum"] + found["keys_off"] + found["balances_off"] + found["lots_off"]
    yield Figure("W6-off", "figures off in the books afterwards", off, "", goal="0", met=off == 0)


def _prepare(accounts: int) -> None:
    """Every account begins with one lot; the bare tables have the same primary keys and the same CHECK."""
    parameters = {"accounts": accounts, "points": BEGUN_WITH}
    for statement in (
        "TRUNCATE growth_entry, growth_lot, growth_balance",
        (
            "INSERT INTO growth_balance (customer_id, pending, active, debt)"
            " SELECT n, 0, %(points)s, 0 FROM generate_series(1, %(accounts)s) AS n"
        ),
        (
            "INSERT INTO growth_lot (customer_id, key, state, amount, remaining, taken_back, expired, order_source,"
            " order_number, order_net, expires_at) SELECT n, 'begin', 'active', %(points)s, %(points)s, 0, 0, '', '',"
            " 0, now() + interval '1 year' FROM generate_series(1, %(accounts)s) AS n"
        ),
        (
            "INSERT INTO growth_entry (customer_id, key, account, amount, at, kind, note)"
            " SELECT n, 'begin', account, amount, now(), 'adjust', '' FROM generate_series(1, %(accounts)s) AS n,"
            " (VALUES ('active', %(points)s), ('issue', -%(points)s)) AS leg (account, amount)"
        ),
        (
            "CREATE TABLE IF NOT EXISTS bare_balance"
            " (customer_id bigint PRIMARY KEY, active bigint CHECK (active >= 0))"
        ),
        (
            "CREATE TABLE IF NOT EXISTS bare_entry (customer_id bigint, key text, amount bigint, at timestamptz,"
            " PRIMARY KEY (customer_id, key))"
        ),
        "TRUNCATE bare_balance, bare_entry",
        "INSERT INTO bare_balance SELECT n, %(points)s FROM generate_series(1, %(accounts)s) AS n",
    ):
        execute(statement, parameters)


def _ours(account: int, key: str, spends: bool) -> None:
    now = clock.now()
    try:
        if spends:
            spend(account, 2, key=key, now=now)
        else:
            grant(account, 2, key=key, kind=EntryKind.ADJUST, now=now)
    except Conflict:
        pass


def _bare(account: int, key: str, spends: bool) -> None:
    now = clock.now()
    change = -2 if spends else 2
    with transaction.atomic():
        moved = execute(
            "UPDATE bare_balance SET active = active + %s WHERE customer_id = %s AND active + %s >= 0",
            [change, account, change],
        )
        if moved:
            execute("INSERT INTO bare_entry VALUES (%s, %s, %s, %s)", [account, key, change, now])


_serial = count()


def _rate(act: Act, accounts: int) -> float:
    """Acts per second of all threads together."""
    until = time.monotonic() + SECONDS
    done = [0] * THREADS
    run = f"{act.__name__}{next(_serial)}"

    def work(number: int) -> None:
        random = Random(number)
        try:
            while time.monotonic() < until:
                key = f"{run}:{number}:{done[number]}"
                act(random.randint(1, accounts), key, random.random() < 0.5)
                done[number] += 1
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / SECONDS
