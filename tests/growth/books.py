"""What promise 4 says about the points ledger, checked against the tables after any act."""

from django.db.models import Q, Sum

from config.kit.batches import fetch
from growth.models import Account, Balance, Entry, GrowthEntry, Lot
from growth.services import books

OURS = (Account.PENDING, Account.ACTIVE, Account.DEBT)

_GROWTH_DRIFT = """
SELECT c.customer_id FROM growth_customerlevel AS c
WHERE c.growth_value <> (SELECT coalesce(sum(g.amount), 0) FROM growth_growthentry AS g
                         WHERE g.customer_id = c.customer_id AND g.at >= c.counts_from)
"""


def assert_in_order() -> None:
    """Books sum to zero per key; balances = entries = lots; nothing below zero; growth = its entries."""
    entries = Entry.objects.count()
    assert books.check() == {"sum": 0, "entries": entries, "keys_off": 0, "balances_off": 0, "lots_off": 0}
    unbalanced = Entry.objects.values("customer_id", "key").annotate(total=Sum("amount")).exclude(total=0)
    assert list(unbalanced) == []
    assert fetch(_GROWTH_DRIFT) == []
    for balance in Balance.objects.all():
        of_entries = _sums(Entry.objects.filter(customer_id=balance.pk))
        assert (balance.pending, balance.active, -balance.debt) == of_entries
        lots = Lot.objects.filter(customer_id=balance.pk).aggregate(
            pending=Sum("remaining", filter=Q(state="pending"), default=0),
            active=Sum("remaining", filter=Q(state="active"), default=0),
        )
        assert (balance.pending, balance.active) == (lots["pending"], lots["active"])
        assert min(balance.pending, balance.active, balance.debt) >= 0
        assert balance.active == 0 or balance.debt == 0
    customers_with_entries = set(Entry.objects.values_list("customer_id", flat=True))
    assert customers_with_entries <= set(Balance.objects.values_list("pk", flat=True))


def balance_of(customer_id: int) -> tuple[int, int, int]:
    """(pending, active, owed)."""
    row = Balance.objects.filter(pk=customer_id).first()
    return (row.pending, row.active, row.debt) if row else (0, 0, 0)


def growth_of(customer_id: int) -> int:
    """The sum of all growth entries."""
    total: int = GrowthEntry.objects.filter(customer_id=customer_id).aggregate(t=Sum("amount", default=0))[
        "t"
    ]
    return total


def _sums(entries) -> tuple[int, int, int]:
    sums = dict.fromkeys(OURS, 0) | {
        row["account"]: row["total"] for row in entries.values("account").annotate(total=Sum("amount"))
    }
    return sums[Account.PENDING], sums[Account.ACTIVE], sums[Account.DEBT]
