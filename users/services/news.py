"""What changed about customers since the shop's back end last asked (``changed_at``; docs/storefront-api.md)."""

from collections.abc import Iterable

from config.kit.batches import execute


def note(customer_ids: Iterable[int]) -> None:
    """Say that something of these customers changed now: whoever syncs them asks for them again.

    In the transaction of the change, which holds the customers. Who is marked by this transaction already stays as
    they are, so that a batch that brings somebody new writes them once.
    """
    _mark(customer_ids, "")


def note_moved(customer_ids: Iterable[int]) -> None:
    """The same of a move between stages; a visitor's many small moves are nobody's news."""
    _mark(customer_ids, " AND identified")


def _mark(customer_ids: Iterable[int], only: str) -> None:
    if not (ids := sorted(set(customer_ids))):
        return
    execute(
        "UPDATE users_customer SET changed_at = business_now()"
        f" WHERE id = ANY(%s){only} AND changed_at IS DISTINCT FROM business_now()",
        [ids],
    )
