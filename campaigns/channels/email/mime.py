"""The text of an e-mail on the wire, filled into a form that is built once.

A MIME object per message is what limits the speed of a mailing (reliability.md), so the fixed parts are a
byte string and only the changing headers and the two bodies are encoded. Lines never exceed 76 characters
and no line begins with a dot, because bodies are base64.
"""

import re
from base64 import encodebytes
from email.header import Header
from email.utils import formatdate, parseaddr

from django.utils.translation import gettext as _

from campaigns.channels.base import ChannelError, Message

_BOUNDARY = "=_regulars_5f2b9c"
_BREAKS = re.compile(r"[\r\n\0]")
_ADDRESS = re.compile(r"^[^\s<>@,;:\"()\[\]\\]+@[^\s<>@,;:\"()\[\]\\]+$")
_FORM = (
    "From: {sender}\r\nTo: <{to}>\r\nSubject: {subject}\r\nDate: {date}\r\nMessage-ID: <{key}@{host}>\r\n"
    "{unsubscribe}MIME-Version: 1.0\r\n"
    f'Content-Type: multipart/alternative; boundary="{_BOUNDARY}"\r\n\r\n'
    f"--{_BOUNDARY}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    "{text}"
    f"--{_BOUNDARY}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    "{html}"
    f"--{_BOUNDARY}--\r\n.\r\n"
)
# RFC 8058: the mail program may unsubscribe with one POST.
_UNSUBSCRIBE = "List-Unsubscribe: <{url}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"


class Writer:
    """Writes messages from one sender."""

    def __init__(self, sender: str) -> None:
        name, self.sender = parseaddr(sender)
        self._from = f"{_encoded(name)} <{self.sender}>" if name else f"<{self.sender}>"
        self._host = self.sender.rpartition("@")[2] or "localhost"

    def write(self, message: Message) -> bytes:
        """The message with its final dot. Raises ChannelError (permanent) when a header would break out."""
        if not _ADDRESS.match(message.address) or not message.address.isascii():
            raise ChannelError(_("This is not an e-mail address that can be written to."), permanent=True)
        for value in (message.letter.subject, message.key, message.unsubscribe_url):
            if _BREAKS.search(value):
                raise ChannelError(_("A line break in a header."), permanent=True)
        url = message.unsubscribe_url
        return _FORM.format(
            sender=self._from,
            to=message.address,
            subject=_encoded(message.letter.subject),
            date=formatdate(),
            key=message.key,
            host=self._host,
            unsubscribe=_UNSUBSCRIBE.format(url=url) if url else "",
            text=_body(message.letter.text),
            html=_body(message.letter.html),
        ).encode("ascii")


def _encoded(value: str) -> str:
    """A header value in ASCII, folded as RFC 2047 asks."""
    if value.isascii() and len(value) < 60:
        return value
    return Header(value, "utf-8", header_name="Subject").encode(linesep="\r\n")


def _body(text: str) -> str:
    return encodebytes(text.encode("utf-8", "replace")).decode("ascii").replace("\n", "\r\n")
