"""What users itself puts on every page, on the home page, the customer page and into the search."""

from config.kit.admin import page_values
from users.shop import currency, shop_name

page_values.register("currency", currency.get)
page_values.register("shop_name", shop_name.get)
