"""Products owned, and their warranties: what customers have in their hands, until when it is covered."""

from functools import partial

from django.utils.translation import gettext_lazy as _

from segments.registry import Field, Rows, Source, register
from segments.rules.as_of import AsOf
from segments.rules.kinds import CHOICE, NUMBER, TEXT
from segments.segment_fields.categories import CATEGORY, category_paths
from segments.segment_fields.offers import products
from users.models import OwnedProduct
from users.topics import TouchTopic

GOODS = _("Products owned")
GIVEN_BACK = _("products owned: what was given back since is not known")

owning = partial(Field, group=GOODS, topic=TouchTopic.ORDERS)


def _owned(as_of: AsOf, name: str | None) -> Rows:
    return OwnedProduct.objects.all()


def _covered(as_of: AsOf, name: str | None) -> Rows:
    """Ends lie ahead: of the past only those of products that were owned then."""
    known = OwnedProduct.objects.filter(warranty_end__isnull=False)
    return known.filter(since__lt=as_of.now) if as_of.past else known


PROPERTIES = {
    "product": owning("product", _("product"), kind=TEXT, value="product_id", suggest=products),
    "category": owning("category", _("category"), kind=CATEGORY, suggest=category_paths),
    "how": owning(
        "how",
        _("how it is known"),
        kind=CHOICE,
        value="source",
        choices=lambda: dict(OwnedProduct.How.choices),
    ),
    "pieces": owning("pieces", _("pieces"), kind=NUMBER, value="quantity"),
}

register(
    Source(
        "owned",
        _("products owned"),
        GOODS,
        TouchTopic.ORDERS,
        rows=_owned,
        time="since",
        did=_("owns a product"),
        did_not=_("owns no product"),
        noun=_("the products owned"),
        properties=PROPERTIES,
        past_note=GIVEN_BACK,
    ),
    # An end lies ahead as long as the product is covered: "in the next days" is asked of it like any window.
    Source(
        "warranties",
        _("ends of warranties"),
        GOODS,
        TouchTopic.ORDERS,
        rows=_covered,
        time="warranty_end",
        did=_("has a warranty end"),
        did_not=_("has no warranty end"),
        noun=_("the ends of warranties"),
        properties=PROPERTIES,
        past_note=GIVEN_BACK,
    ),
)
