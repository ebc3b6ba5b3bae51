"""Finding a delivery again by what a token or a dispatcher remembers of it."""

from campaigns.models import Delivery
from campaigns.tokens import Address
from config.kit.batches import fetch


def find_delivery(about: Address) -> Delivery | None:
    """The delivery that a token is about, also after its customer was joined; none of an erased customer."""
    rows = fetch(
        """
        SELECT d.customer_id, d.occasion FROM campaigns_delivery d
        LEFT JOIN users_customeralias a ON a.old_id = %(customer)s
        JOIN users_customer c ON c.id = d.customer_id AND c.erased_at IS NULL
        WHERE d.customer_id = coalesce(a.customer_id, %(customer)s) AND d.step_id = %(step)s
          AND d.occasion IN (%(occasion)s, %(occasion)s || ':' || %(customer)s)
        ORDER BY length(d.occasion) DESC LIMIT 1
        """,
        {"customer": about.customer_id, "step": about.step_id, "occasion": about.occasion},
    )
    if not rows:
        return None
    ((customer_id, occasion),) = rows
    return Delivery.objects.select_related("step__campaign__topic", "customer").get(
        customer_id=customer_id, step_id=about.step_id, occasion=occasion
    )
