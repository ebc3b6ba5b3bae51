"""The home page: today's work and how the shop stands, composed of cards that the apps lend."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from config.kit.admin import OperatorPage
from users.pages import home_cards


class HomePage(OperatorPage):
    """Cards in the order of their positions, over three columns."""

    title = _("Home")
    purpose = _("How the shop stands and what waits for you today.")
    template_name = "users/home.html"
    partials = {"cards": "users/home_cards.html"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Every card with the values its app builds."""
        cards = sorted(home_cards, key=lambda card: card.position)
        drawn = [(card, card.build(self.now)) for card in cards]
        shown = [(card, values) for card, values in drawn if not values.get("hidden")]
        is_loading = any(card.name == "demo" for card, _values in shown)
        return super().get_context_data(**kwargs) | {
            "cards": shown,
            "is_home": True,
            "is_loading": is_loading,
        }
