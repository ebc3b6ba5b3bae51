"""What users itself puts on every page, on the home page, the customer page and into the search."""

from config.kit.admin import page_values
from users.shop import currency

page_values.register("currency", currency.get)
