"""Gate: every table with a customer is moved by a join, or says why it need not be."""

from pathlib import Path

from django.apps import apps

ROOT = Path(__file__).resolve().parents[2]
APPS = ("users", "segments", "campaigns", "growth", "feedback")
EXEMPT = {
    "users_customer": "the customers themselves: the absorbed one is deleted",
    "users_outbox": "what waits to be handled finds the survivor by the alias",
    "users_touched": "only says that somebody is to be looked at again",
    "users_firsttouch": "by users.services.acquisition.absorb: the earlier touch is the survivor's",
    "users_erasure": "an erased customer is never joined",
    "users_erasedidentity": "an erased customer is never joined",
    "growth_entry": "a ledger is not rewritten: a transfer takes the points over",
    "growth_balance": "emptied by that transfer, kept for its entries",
}


def tables() -> set[str]:
    """Tables of ours with a column that names a customer."""
    found = set()
    for model in apps.get_models():
        if model._meta.app_label in APPS:
            columns = {field.column for field in model._meta.concrete_fields}
            if "customer_id" in columns or model.__name__ == "Customer":
                found.add(model._meta.db_table)
    return found


def joining_text() -> str:
    """Everything that joins do, as text."""
    paths = [ROOT / "users/services/sql/join_customers.sql", *ROOT.glob("*/services/joining.py")]
    return "\n".join(path.read_text() for path in paths)


def test_every_table_with_a_customer_is_joined_or_exempt() -> None:
    text = joining_text()
    assert sorted(table for table in tables() - set(EXEMPT) if table not in text) == []


def test_no_exemption_is_stale() -> None:
    assert sorted(set(EXEMPT) - tables()) == []
