"""What a message says: a content compiled once, then filled in for each customer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.utils import translation
from django.utils.translation import gettext as _
from liquid import BoundTemplate

from campaigns import liquid, merge
from campaigns.markup import LINKS, as_html, as_text, digest, static_links, with_footer
from campaigns.models import Content
from config.kit.refusal import Refusal

# Given by the dispatcher for each message, beside what the sources lend.
OWN_VALUES = frozenset({"unsubscribe_url", "preferences_url", "open_url", LINKS})


@dataclass(frozen=True, slots=True)
class Letter:
    """What one customer reads."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Compiled:
    """A content ready to be filled in: what it needs (``namespaces``) and where it leads (``links``)."""

    subject: BoundTemplate
    text: BoundTemplate
    html: BoundTemplate
    paths: frozenset[str]
    links: tuple[str, ...]

    @property
    def namespaces(self) -> list[str]:
        """The merge sources that the content reads."""
        return sorted({path.partition(".")[0] for path in self.paths} & set(merge.sources.names()))

    def fill(self, values: Mapping[str, object]) -> Letter:
        """The letter for these values. Raises Refusal when it cannot be made."""
        return Letter(
            subject=" ".join(liquid.render(self.subject, values, field="subject").split()),
            text=liquid.render(self.text, values, field="body"),
            html=liquid.render(self.html, values, field="body"),
        )


@lru_cache(maxsize=256)
def compiled(subject: str, body: str, language: str, is_service: bool = False) -> Compiled:
    """Compile a subject and a body (MJML, HTML or plain text, all with Liquid). Raises Refusal.

    Links with a fixed address become tracked links. A marketing message ends with the way out, unless its
    text says ``{{ unsubscribe_url }}`` itself.
    """
    html, text = as_html(body), as_text(body)
    if not is_service:
        with translation.override(language):
            html, text = with_footer(html, text, says=_("Unsubscribe"))
    templates = (
        liquid.parse(subject, liquid.TEXT, field="subject"),
        liquid.parse(text, liquid.TEXT, field="body"),
        liquid.parse(html, liquid.HTML, field="body"),
    )
    paths = frozenset(path for template in templates for path in template.global_variable_paths())
    return Compiled(*templates, paths=paths, links=static_links(body))


def check(subject: str, body: str, language: str) -> Compiled:
    """Compile, refuse values that nobody lends, and fill it in once with the examples. Raises Refusal."""
    made = compiled(subject, body, language)
    for path in sorted(made.paths):
        if path.partition(".")[0] not in OWN_VALUES and not merge.is_known(path):
            message = _("There is no value called “{path}”.").format(path=path)
            raise Refusal("unknown_value", message, field="subject" if path in subject else "body")
    made.fill(example_values(made))
    return made


def example_values(form: Compiled) -> dict[str, object]:
    """Values as good as real ones, for a look at the text without a customer."""
    own = {
        "unsubscribe_url": "#",
        "preferences_url": "#",
        "open_url": "",
        LINKS: {digest(url): url for url in form.links},
    }
    return {**merge.examples(), **own}


def choose(contents: Sequence[Content], language: str) -> Content:
    """The content in the customer's language, else in a tongue of the same kin, else the first."""
    wanted = language.lower()
    for content in contents:
        if content.language == wanted:
            return content
    for content in contents:
        if wanted and content.language.partition("-")[0] == wanted.partition("-")[0]:
            return content
    return contents[0]
