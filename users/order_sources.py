"""Where orders come from, in words: the usual sources by what they are, connected shops by the name they were given."""

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from config.kit.given_names import as_read
from users.models import ShopConnection

WORDS: dict[str, StrOrPromise] = {
    "shop": _("Own shop"),
    "till": _("Till"),
    "pos": _("Till"),
    "marketplace": _("Marketplace"),
}


def source_names(sources: Iterable[str]) -> dict[str, str]:
    """Sources with their names; a query only where some are not the usual ones. An unknown one is its own name."""
    asked = set(sources)
    others = asked - WORDS.keys()
    named = (
        dict(ShopConnection.objects.filter(source__in=others).values_list("source", "name")) if others else {}
    )
    return {source: str(WORDS.get(source) or as_read(named.get(source) or source)) for source in asked}
