"""Making the letters of a window: the right language, the customer's values, the signed links."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.conf import settings

from campaigns import merge, tokens
from campaigns.channels.base import Message
from campaigns.content import Compiled, choose, compiled
from campaigns.markup import LINKS, digest
from campaigns.models import Content, Step
from campaigns.services.claim import Claimed, refuse_letter
from config.kit.refusal import Refusal
from users.services.preferences import preferences_url


class LetterWriter:
    """Writes one step's messages on one channel; knows its contents and links."""

    def __init__(self, step: Step, channel: str, *, is_service: bool) -> None:
        self._step = step
        self._is_service = is_service
        self._contents = list(Content.objects.filter(step=step, channel=channel).order_by("pk"))
        self._link_ids = {digest(url): pk for pk, url in step.links.values_list("pk", "url")}

    def write(self, claimed: Sequence[Claimed], now: datetime) -> list[tuple[Claimed, Message]]:
        """A message for each, with one query per merge source; who cannot be written to is skipped."""
        made = [(one, self._compiled(one.language)) for one in claimed]
        namespaces = sorted({name for _one, form in made for name in form.namespaces})
        values = merge.load_values(namespaces, [one.customer_id for one in claimed], now)
        written = ((one, self._message(one, form, values[one.customer_id], now)) for one, form in made)
        return [(one, message) for one, message in written if message is not None]

    def _compiled(self, language: str) -> Compiled:
        content = choose(self._contents, language)
        return compiled(content.subject, content.body, content.language, self._is_service)

    def _message(
        self, one: Claimed, form: Compiled, values: Mapping[str, object], now: datetime
    ) -> Message | None:
        key = one.key(self._step.pk)
        about = tokens.Address(one.customer_id, self._step.pk, one.occasion)
        own = own_values(about, form.links, self._link_ids, now)
        try:
            letter = form.fill({**values, **own, **(one.variables or {})})
        except Refusal:
            refuse_letter(one)
            return None
        return Message(key, one.contact, letter, "" if self._is_service else str(own["unsubscribe_url"]))


def own_values(
    about: tokens.Address, links: Iterable[str], link_ids: Mapping[str, int], now: datetime
) -> dict[str, object]:
    """The addresses that belong to one message: the way out, the preferences, the open pixel, the links."""
    site = settings.PUBLIC_URL
    clicks = {}
    for url in links:
        name = digest(url)
        link = tokens.Address(about.customer_id, about.step_id, about.occasion, link_ids[name])
        clicks[name] = f"{site}/c/{tokens.make(tokens.Purpose.CLICK, link)}"
    return {
        "unsubscribe_url": f"{site}/u/{tokens.make(tokens.Purpose.UNSUBSCRIBE, about)}",
        "preferences_url": preferences_url(about.customer_id, now),
        "open_url": f"{site}/o/{tokens.make(tokens.Purpose.OPEN, about)}.gif",
        LINKS: clicks,
    }
