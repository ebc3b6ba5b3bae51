"""Finding customers by what an operator types: names from their beginning, everything else whole."""

from django.db.models import Q

from users.models import ContactPoint, Customer, Identity, OrderKey
from users.services.contacts import phone_number

CANDIDATES = 200


def customer_ids(text: str) -> list[int]:
    """Ids of customers with this identity, contact address or order number, by index look-ups.

    A phone number may be written as people write it; in capitals or not, an e-mail is the same.
    """
    spelled = {text, text.lower(), phone_number(text) or text}
    by_identity = Identity.objects.filter(value__in=spelled).exclude(kind="anonymous_id")
    by_contact = ContactPoint.objects.filter(channel__in=("email", "sms"), address__in=spelled)
    by_account = ContactPoint.objects.filter(channel__in=("wechat", "weibo", "app_push"), address=text)
    by_order = OrderKey.objects.filter(number=text)
    queries = (
        q.values_list("customer_id", flat=True) for q in (by_identity, by_contact, by_account, by_order)
    )
    return list(next(queries).union(*queries)[:CANDIDATES])


def matching(text: str, prefix: str = "") -> Q:
    """The condition on a customer (below the relation ``prefix``) for a search text."""
    names = Q(**{f"{prefix}name__startswith": text})
    if text.title() != text:
        names |= Q(**{f"{prefix}name__startswith": text.title()})
    return names | Q(**{f"{prefix}pk__in": customer_ids(text)})


def find(text: str, limit: int) -> list[Customer]:
    """The first customers that match, known ones only."""
    return list(Customer.objects.known().filter(matching(text)).order_by("name", "pk")[:limit])
