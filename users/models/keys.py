"""How a row says whose it is."""

from typing import Any

from django.db import models
from django.db.models.fields.related import ForeignObject


def of_customer(related_name: str = "+") -> "models.ForeignKey[Any, Any]":
    """The first part of the composite key of every table that grows with activity.

    No constraint and no index of its own: the primary key begins with it, and a check per row of a bulk
    insert would cost more than the insert. Joining and erasing move or delete such rows explicitly.
    """
    return models.ForeignKey(
        "users.Customer",
        on_delete=models.DO_NOTHING,
        related_name=related_name,
        db_constraint=False,
        db_index=False,
    )


class _Way(ForeignObject):
    """Private to its model, as generic relations are: nothing of it stands in tables or migrations."""

    def contribute_to_class(self, cls: Any, name: str, private_only: bool = False, **kwargs: Any) -> None:
        super().contribute_to_class(cls, name, private_only=True, **kwargs)


def of_order() -> Any:
    """The way from a row that bears an order's key to the order, for queries: one join by the whole key."""
    key = ["customer", "source", "number"]
    return _Way("users.Order", models.DO_NOTHING, from_fields=key, to_fields=key, related_name="+")
