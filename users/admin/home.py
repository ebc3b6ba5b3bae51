"""The home page: today's work and how the shop stands, composed of cards that the apps lend."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from config.kit.admin import OperatorPage
from users.admin.late import LatePanels
from users.pages import HomeCard, home_cards


class HomePage(LatePanels, OperatorPage):
    """Cards in the order of their positions, over three columns; those further down are fetched when they are seen."""

    title = _("Home")
    purpose = _("How the shop stands and what waits for you today.")
    template_name = "users/home.html"
    partials = {"cards": "users/home_cards.html"}
    panel_template = "users/home_card.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Every card with the values its app builds; of a late one the place where it will stand."""
        context = super().get_context_data(**kwargs)
        if self.late_name:
            return context | {"card": self._card(self.late_name), "values": self._build(self.late_name)}
        cards = sorted(home_cards, key=lambda card: card.position)
        at_once = {card.name: card.build(self.now) for card in cards if not card.is_late}
        is_loading = not at_once["demo"].get("hidden")
        drawn = [(card, at_once.get(card.name) or self._late(card, at_once=is_loading)) for card in cards]
        shown = [(card, values) for card, values in drawn if values is None or not values.get("hidden")]
        return context | {"cards": shown, "is_home": True, "is_loading": is_loading}

    def _late(self, card: HomeCard, *, at_once: bool) -> dict[str, Any] | None:
        """A late card's values where they are wanted with the page; None: fetched by itself."""
        return card.build(self.now) if at_once or self.wants(card.name) else None

    def _card(self, name: str) -> HomeCard:
        return self.known(home_cards.get(name))

    def _build(self, name: str) -> dict[str, Any]:
        return self._card(name).build(self.now)
