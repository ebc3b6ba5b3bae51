"""The lock that claims take on customers, taken by an erasure: a claim under way is waited for, the next one waits."""

from config.kit.batches import execute, fetch


def give_up(customer_ids: list[int]) -> int:
    """Lock the attention of customers, whether they had a row or not, and delete it; how many."""
    execute(
        "INSERT INTO campaigns_attention (customer_id) SELECT unnest(%s::bigint[]) ON CONFLICT DO NOTHING",
        [sorted(customer_ids)],
    )
    fetch(
        "SELECT 1 FROM campaigns_attention WHERE customer_id = ANY(%s) ORDER BY customer_id FOR UPDATE",
        [customer_ids],
    )
    return execute("DELETE FROM campaigns_attention WHERE customer_id = ANY(%s)", [customer_ids])
