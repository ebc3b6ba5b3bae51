"""What feedback does when something happens to customers."""

from feedback.services import joining
from users import facts
from users.handlers import Fact, handles


@handles(facts.CUSTOMERS_JOINED, name="feedback.join")
def join(fact: Fact) -> None:
    """The conversations of two customers who turned out to be one become one list."""
    joining.join(fact.customer_id, fact.properties["absorbed"])
