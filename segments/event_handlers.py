"""What segments do when customers are joined."""

from segments.services import joining
from users import facts
from users.handlers import Fact, handles


@handles(facts.CUSTOMERS_JOINED, name="segments.join")
def join(fact: Fact) -> None:
    """What was known of the absorbed customer's memberships becomes the survivor's."""
    joining.join(fact.customer_id, fact.properties["absorbed"])
