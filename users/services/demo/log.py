"""The CDNOW order log: 69,659 real purchases by 23,570 customers of a record shop, 1997 to 1998.

The log is package data of ``lifetimes``; it is read where that package is installed, none of its code runs.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

FILE = "lifetimes/datasets/CDNOW_master.txt"
PURCHASES = 69_659
CUSTOMERS = 23_570


@dataclass(frozen=True, slots=True)
class Purchase:
    """One purchase as logged: whose, on which day, how many records, for how much (US cents)."""

    customer: int
    day: date
    records: int
    cents: int


class WrongLog(RuntimeError):
    """The installed package carries another log than the one the demo shop is made of."""


@cache
def purchases_by_customer() -> dict[int, tuple[Purchase, ...]]:
    """Every customer's purchases, oldest first. Raises WrongLog when the counts are not those of CDNOW."""
    log: dict[int, list[Purchase]] = defaultdict(list)
    for line in _file().read_text(encoding="ascii").splitlines()[1:]:
        if line.strip():
            purchase = _parse(line)
            log[purchase.customer].append(purchase)
    count = sum(map(len, log.values()))
    if (count, len(log)) != (PURCHASES, CUSTOMERS):
        raise WrongLog(f"{FILE} has {count} purchases by {len(log)} customers")
    return {customer: tuple(sorted(rows, key=lambda row: row.day)) for customer, rows in log.items()}


def _file() -> Path:
    return Path(str(distribution("lifetimes").locate_file(FILE)))


def _parse(line: str) -> Purchase:
    customer, day, records, dollars = line.split()
    whole, _, cents = dollars.partition(".")
    return Purchase(
        customer=int(customer),
        day=date(int(day[:4]), int(day[4:6]), int(day[6:])),
        records=int(records),
        cents=int(whole) * 100 + int(cents.ljust(2, "0")[:2]),
    )
