"""The table of a batch's items, which goes with the transaction."""

from config.kit.batches import temporary_table


def begin() -> None:
    """An empty ``intake_item``. ``customer_id``: whose the item is, where that is not up to the keys it names."""
    temporary_table(
        "intake_item",
        "no integer, key_id bigint, received_at timestamptz, confirmed boolean, type text, message_id text,"
        " user_id text, anonymous_id text, previous_id text, owner_kind text, owner_value text,"
        " customer_id bigint, name text, occurred_at timestamptz, properties jsonb, traits jsonb,"
        " context jsonb",
    )
