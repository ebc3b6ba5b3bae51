"""Products: as orders and views have named them, as a shop's catalogue describes them, as operators set them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit.batches import copy_rows, execute, fetch, temporary_table
from config.kit.refusal import NotFound, Refusal
from users.models import Operator, OwnedProduct, Product
from users.orders import Line
from users.services import audit, categories, owned
from users.services.touch import touch
from users.topics import TouchTopic

VIEWED = "Product Viewed"
LONGEST_WARRANTY = 600


@dataclass(frozen=True, slots=True)
class Described:
    """What a shop's catalogue says of a product at an instant; ``price`` in minor units."""

    product_id: str
    at: datetime
    name: str
    category: str
    price: int | None
    url: str = ""
    image_url: str = ""


def note_lines(lines: Iterable[Line]) -> None:
    """Keep name, category and price of products from lines of confirmed orders; the last line wins, but not
    over a category that an operator or the catalogue set."""
    note_told((one.product_id or one.sku, one.name, one.category, one.price) for one in lines)


def note_told(lines: Iterable[tuple[str, str, str, int]]) -> None:
    """The same from product, name, category and price of each line."""
    categories_told: set[str] = set()
    told: dict[str, tuple[str, str, int]] = {}
    for product_id, name, category, price in lines:
        told[product_id] = name, category, price
        categories_told.add(category)
    told.pop("", None)
    if not told:
        return
    temporary_table("told_product", "product_id text, name text, category text, price bigint")
    copy_rows(
        "told_product",
        ("product_id", "name", "category", "price"),
        ((product_id, *one) for product_id, one in told.items()),
    )
    execute(
        """
        UPDATE users_product product SET name = told.name, category = told.category, price = told.price
        FROM (
            SELECT told.product_id, told.name, told.price,
                   CASE WHEN known.category_fixed OR told.category = '' THEN known.category
                        ELSE told.category END AS category
            FROM told_product told JOIN users_product known USING (product_id)
        ) AS told
        WHERE product.product_id = told.product_id AND told.name <> ''
          AND (product.name, product.category, product.price)
              IS DISTINCT FROM (told.name, told.category, told.price)
        """
    )
    execute(
        """
        INSERT INTO users_product (product_id, name, category, price, url, image_url)
        SELECT product_id, name, category, price, '', ''
        FROM told_product told
        WHERE NOT EXISTS (SELECT FROM users_product product WHERE product.product_id = told.product_id)
        ORDER BY product_id
        ON CONFLICT DO NOTHING
        """
    )
    categories.sort_in(categories_told)


def note_views() -> None:
    """Put products that the batch's views name, and nobody has named yet, on record."""
    execute(
        """
        INSERT INTO users_product (product_id, name, category, url, image_url)
        SELECT DISTINCT ON (viewed.product_id) viewed.product_id,
               left(coalesce(properties ->> 'name', ''), 250),
               left(coalesce(properties ->> 'category', ''), 100),
               left(coalesce(properties ->> 'url', ''), 500),
               left(coalesce(properties ->> 'image_url', ''), 500)
        FROM intake_item
        CROSS JOIN LATERAL (SELECT left(properties ->> 'product_id', 100) AS product_id) AS viewed
        WHERE intake_item.name = %s AND viewed.product_id <> ''
          AND NOT EXISTS (SELECT FROM users_product product WHERE product.product_id = viewed.product_id)
        ORDER BY viewed.product_id, no
        ON CONFLICT DO NOTHING
        """,
        [VIEWED],
    )


def set_by_hand(product_ids: Iterable[str]) -> set[str]:
    """Which of these products have a category that somebody set, or a warranty."""
    rows = fetch(
        "SELECT product_id FROM users_product"
        " WHERE product_id = ANY(%s) AND (category_fixed OR warranty_months IS NOT NULL)",
        [sorted(product_ids)],
    )
    return {product_id for (product_id,) in rows}


def put_lines_right(orders: list[list[Any]]) -> None:
    """Give the lines of these orders (customers, sources, numbers) the set categories of their products."""
    execute(
        """
        UPDATE users_orderline line SET category = product.category
        FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS told (customer_id, source, number), users_product product
        WHERE line.customer_id = told.customer_id AND line.source = told.source AND line.number = told.number
          AND product.product_id = coalesce(nullif(line.product_id, ''), line.sku)
          AND product.category_fixed AND line.category <> product.category
        """,
        orders,
    )


@transaction.atomic
def describe(told: Described) -> None:
    """Keep what a shop's catalogue says of a product; what it said before, arriving later, changes nothing."""
    product, _made = Product.objects.select_for_update().get_or_create(product_id=told.product_id)
    if product.told_at is not None and product.told_at >= told.at:
        return
    product.told_at = told.at
    product.name = told.name or product.name
    product.url, product.image_url = told.url or product.url, told.image_url or product.image_url
    product.price = product.price if told.price is None else told.price
    product.save()
    if told.category and (told.category != product.category or not product.category_fixed):
        _recategorise(product, told.category)


@transaction.atomic
def set_product(
    product_id: str, *, category: str, warranty_months: int | None, by: Operator | None
) -> Product:
    """Set a product's category (a text; a new one grows the tree) and its usual warranty. Raises Refusal."""
    product = Product.objects.select_for_update().filter(product_id=product_id).first()
    if product is None:
        raise NotFound(_("There is no such product."))
    if warranty_months is not None and not 0 <= warranty_months <= LONGEST_WARRANTY:
        raise Refusal(
            "bad_months",
            _("A warranty is 0 to %(n)s months.") % {"n": LONGEST_WARRANTY},
            field="warranty_months",
        )
    category = categories.clean(category)
    before = {"category": product.category, "warranty_months": product.warranty_months}
    is_new_warranty = warranty_months != product.warranty_months
    product.warranty_months = warranty_months
    product.save(update_fields=["warranty_months"])
    if category and category != product.category:
        _recategorise(product, category)
    if is_new_warranty:
        owned.follow_warranty(product_id)
    audit.record(
        "product.set",
        by=by,
        target=product,
        before=before,
        after={"category": product.category, "warranty_months": warranty_months},
    )
    return product


def _recategorise(product: Product, category: str) -> None:
    """The product, its order lines and the pieces in customers' hands take the category; they are touched."""
    product.category, product.category_fixed = category, True
    product.save(update_fields=["category", "category_fixed"])
    categories.sort_in({category})
    values = {"product": product.product_id, "category": category}
    execute(
        """
        WITH moved AS (
            UPDATE users_orderline SET category = %(category)s
            WHERE coalesce(nullif(product_id, ''), sku) = %(product)s AND category <> %(category)s
            RETURNING customer_id
        )
        INSERT INTO users_touched (customer_id, topic) SELECT DISTINCT customer_id, 'orders' FROM moved
        """,
        values,
    )
    changed = OwnedProduct.objects.filter(product_id=product.product_id).exclude(category=category)
    touch(changed.values_list("customer_id", flat=True).distinct(), TouchTopic.ORDERS)
    changed.update(category=category)
