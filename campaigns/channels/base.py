"""What every channel can do: send a window of messages over one connection and say what became of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from campaigns.content import Letter
from config.kit.registry import Registry


class ChannelError(Exception):
    """A message or a whole channel was refused. ``permanent``: trying again would not help."""

    def __init__(self, reason: str, *, permanent: bool) -> None:
        super().__init__(reason)
        self.reason = reason[:300]
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class Message:
    """One message for one address. ``key`` is ours, stable over retries; a provider may dedupe on it.

    ``unsubscribe_url`` is empty for service messages.
    """

    key: str
    address: str
    letter: Letter
    unsubscribe_url: str = ""


class Outcome(StrEnum):
    """``LOST``: the provider may have it, its answer was lost. ``UNTRIED``: it was never offered."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    LOST = "lost"
    UNTRIED = "untried"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one message. ``permanent`` tells a refusal for good from one worth a retry."""

    outcome: Outcome
    provider_id: str = ""
    error: str = ""
    permanent: bool = False


class Adapter(Protocol):
    """A channel. One object serves one dispatcher; it keeps its connection between windows.

    ``is_idempotent``: the provider drops a second message with the same key, so one whose answer was lost
    may be sent again.
    """

    is_idempotent: bool

    def send(self, messages: Sequence[Message], *, seconds: float) -> list[Result]:
        """Offer the messages in order, one result each; those not reached in ``seconds`` are untried.

        Never raises for what a network or a provider may do.
        """
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


adapters: Registry[type[Adapter]] = Registry("channel")
