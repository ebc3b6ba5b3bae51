"""Where an answer about messages came from, in words; ledgers keep the names."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

BY_HAND: tuple[tuple[str, StrOrPromise], ...] = (
    ("paper", gettext_lazy("On paper")),
    ("phone", gettext_lazy("On the phone")),
    ("shop", gettext_lazy("In the shop")),
    ("letter", gettext_lazy("By letter or mail")),
    ("event", gettext_lazy("At an event")),
)
"""Where an operator may say that it was given."""

WORDS: dict[str, StrOrPromise] = {
    **dict(BY_HAND),
    "identify": gettext_lazy("Told by the storefront"),
    "storefront": gettext_lazy("Told by the storefront"),
    "form": gettext_lazy("Form of the storefront"),
    "preference page": gettext_lazy("Preference page"),
    "double opt-in": gettext_lazy("Confirmed by mail"),
    "unsubscribe link": gettext_lazy("Unsubscribe link"),
    "import": gettext_lazy("Imported file"),
}
IMPORT = "import "


def source_words(source: str) -> str:
    """The words for it; a name that the shop gave itself stays as it is."""
    if source in WORDS:
        return str(WORDS[source])
    if source.startswith(IMPORT):
        return _("Imported file: %(source)s") % {"source": source_words(source.removeprefix(IMPORT))}
    return source
