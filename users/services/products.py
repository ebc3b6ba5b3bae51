"""Products as orders and views have named them."""

from collections.abc import Iterable

from config.kit.batches import copy_rows, execute, temporary_table
from users.orders import Line


def note_lines(lines: Iterable[Line]) -> None:
    """Keep name, category and price of products from lines of confirmed orders; the last line wins."""
    told = {one.product_id or one.sku: one for one in lines}
    told.pop("", None)
    if not told:
        return
    temporary_table("told_product", "product_id text, name text, category text, price bigint")
    copy_rows(
        "told_product",
        ("product_id", "name", "category", "price"),
        ((product_id, one.name, one.category, one.price) for product_id, one in told.items()),
    )
    execute(
        """
        UPDATE users_product product SET name = told.name, category = told.category, price = told.price
        FROM told_product told
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
        WHERE intake_item.name = 'Product Viewed' AND viewed.product_id <> ''
          AND NOT EXISTS (SELECT FROM users_product product WHERE product.product_id = viewed.product_id)
        ORDER BY viewed.product_id, no
        ON CONFLICT DO NOTHING
        """
    )
