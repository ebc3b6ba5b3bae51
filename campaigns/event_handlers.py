"""What campaigns do when something happens: count conversions, credit orders, follow joined customers."""

from campaigns.services import attribution, joining, opt_in_mail
from config.kit import clock
from users import facts
from users.handlers import Fact, handles


@handles(facts.ORDER_PAID, name="campaigns.count_conversions")
def count_conversions(fact: Fact) -> None:
    """Once per customer and campaign, by the key of the conversion."""
    attribution.note_conversion(fact.customer_id, facts.ORDER_PAID, fact.message_id, fact.occurred_at)


@handles(facts.ORDER_PAID, name="campaigns.credit_order")
def credit_order(fact: Fact) -> None:
    """Once per order, by the key of the credit."""
    source, number = str(fact.properties["source"]), str(fact.properties["number"])
    attribution.credit_order(fact.customer_id, source, number, fact.occurred_at, clock.now())


@handles(facts.CUSTOMERS_JOINED, name="campaigns.follow_join")
def follow_join(fact: Fact) -> None:
    """A repeat finds nothing left to move."""
    joining.join(fact.customer_id, int(fact.properties["absorbed"]))


@handles(facts.CONSENT_ASKED, name="campaigns.mail_opt_in")
def mail_opt_in(fact: Fact) -> None:
    """Once per request, by the key of the message; a request that was settled meanwhile is not mailed."""
    opt_in_mail.mail(fact.customer_id, str(fact.properties["request"]), now=clock.now())
