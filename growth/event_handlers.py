"""What growth does when something happens to orders and customers."""

from config.kit import clock
from growth.services import joining, orders
from users import facts
from users.handlers import Fact, handles


@handles(facts.ORDER_PAID, name="growth.earn")
def earn(fact: Fact) -> None:
    """A paid order earns pending points; one that a write key claimed does not."""
    if fact.confirmed:
        joining.finish(fact.customer_id, now=clock.now())
        orders.award(fact.customer_id, fact.properties["source"], fact.properties["number"])


@handles(facts.ORDER_REFUNDED, facts.ORDER_CANCELLED, name="growth.take_back")
def take_back(fact: Fact) -> None:
    """A refund or a cancellation takes back what the order gave."""
    if not fact.confirmed:
        return
    now = clock.now()
    source, number = fact.properties["source"], fact.properties["number"]
    joining.finish(fact.customer_id, now=now)
    orders.follow(fact.customer_id, source, number, key=f"clawback:{fact.message_id}", now=now)


@handles(facts.CUSTOMERS_JOINED, name="growth.join")
def join(fact: Fact) -> None:
    """The points, levels and check-ins of two customers who turned out to be one become one."""
    joining.join(fact.customer_id, fact.properties["absorbed"], now=clock.now())
