"""The channels that messages go out on: one folder each, registered by its channel name."""

from campaigns.channels.base import adapters
from campaigns.channels.email.adapter import EmailAdapter
from users.models import Channel

__all__ = ["adapters"]

adapters.register(Channel.EMAIL.value, EmailAdapter)
