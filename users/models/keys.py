"""How a row says whose it is."""

from typing import Any

from django.db import models


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
