"""What says something of a customer beside orders: acts of fans, evidence of opinion leaders, weights on churn.

Apps above lend theirs in their ``page_parts.py``; statements come from code only, and each is one SELECT that may
use ``%(as_of)s``, the instant of the figures.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from config.kit.registry import Registry
from users import facts

INVITED = "Invitation Accepted"
"""A friend came; the property ``friend`` is the friend's user ID."""
CONTENT_VIEWS = ("Content Viewed", "Article Viewed", "Video Content Started")
BRAND_ACTS: dict[str, str] = {  # event → the kind of act that makes a brand fan
    "Product Reviewed": "review",
    INVITED: "referral",
    facts.REPLIED: "reply",
    "Survey Answered": "survey",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """A reason to call somebody an opinion leader: ``weight`` points for each.

    ``statement`` selects (customer_id, how often in the year before ``as_of``).
    """

    name: str
    title: StrOrPromise
    weight: int
    statement: str


@dataclass(frozen=True, slots=True)
class ChurnWeight:
    """What makes churn likelier than the model says: ``points`` percentage points on top.

    ``statement`` selects the customer_id of each customer of whom it is true now, once or more.
    """

    name: str
    title: StrOrPromise
    points: int
    statement: str


evidence: Registry[Evidence] = Registry("evidence of opinion leaders")
churn_weights: Registry[ChurnWeight] = Registry("weight on churn")


def lend_evidence(entry: Evidence) -> Evidence:
    """Lend evidence of opinion leaders."""
    return evidence.register(entry.name, entry)


def lend_churn_weight(entry: ChurnWeight) -> ChurnWeight:
    """Lend a weight on churn."""
    return churn_weights.register(entry.name, entry)


def _events(name: str) -> str:
    return (
        "SELECT customer_id, count(*) FROM users_event"
        f" WHERE type_id = (SELECT id FROM users_eventtype WHERE name = '{name}')"
        " AND occurred_at >= %(as_of)s - interval '365 days' AND occurred_at < %(as_of)s GROUP BY customer_id"
    )


lend_evidence(
    Evidence(
        "invites",
        _("friends who came and stayed"),
        10,
        "SELECT e.customer_id, count(DISTINCT friend.id) FROM users_event e"
        " JOIN users_customer friend ON friend.user_id = e.properties ->> 'friend' AND friend.id <> e.customer_id"
        " JOIN users_standing standing ON standing.customer_id = friend.id AND standing.active_days >= 2"
        f" WHERE e.type_id = (SELECT id FROM users_eventtype WHERE name = '{INVITED}')"
        " AND e.occurred_at >= %(as_of)s - interval '365 days' AND e.occurred_at < %(as_of)s"
        " GROUP BY e.customer_id",
    )
)
lend_evidence(Evidence("shares", _("products shared"), 2, _events("Product Shared")))
lend_evidence(Evidence("reviews", _("reviews written"), 3, _events("Product Reviewed")))
