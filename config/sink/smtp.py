"""A small SMTP server that only ever accepts: thousands of messages a second, as it does not read by line.

It knows what senders say (RFC 5321 with PIPELINING, 8BITMIME, SMTPUTF8, SIZE) and nothing of delivery.
"""

import asyncio
import re
import threading
from collections.abc import Callable

Keep = Callable[[str, list[str], bytes], str]
"""Takes sender, recipients and content; returns the name it is kept under."""

LARGEST = 10 * 1024 * 1024
LONGEST_LINE = 4096
END = b"\r\n.\r\n"
ADDRESS = re.compile(rb"^(?:FROM|TO):\s*<([^<>]*)>", re.IGNORECASE)
EHLO = b"250-regulars\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE %d\r\n" % LARGEST


class Conversation(asyncio.Protocol):
    """One connection: commands line by line, a message in one piece."""

    transport: asyncio.Transport

    def __init__(self, keep: Keep) -> None:
        self.keep = keep
        self.buffer = bytearray()
        self.sender: str | None = None
        self.recipients: list[str] = []
        self.in_data = False
        self.searched = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(b"220 regulars sink\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer every whole command and message in what has come so far."""
        self.buffer += data
        while self._message() if self.in_data else self._line():
            pass

    def _message(self) -> bool:
        """Keep one message when its end has come; the search goes on where the last one stopped."""
        end = self.buffer.find(END, max(0, self.searched - len(END)))
        if end < 0:
            self.searched = len(self.buffer)
            if self.searched > LARGEST + LONGEST_LINE:
                self._say(b"552 Message too large")
                self.transport.close()
            return False
        # The buffer starts with the line break that ended DATA, so that an empty message ends too.
        content = bytes(self.buffer[2 : end + 2]).replace(b"\r\n..", b"\r\n.")
        del self.buffer[: end + len(END)]
        content = content[1:] if content.startswith(b"..") else content
        name = self.keep(self.sender or "", self.recipients, content)
        self._forget()
        self._say(b"250 OK: kept as " + name.encode())
        return True

    def _line(self) -> bool:
        end = self.buffer.find(b"\r\n")
        if end < 0:
            if len(self.buffer) > LONGEST_LINE:
                self._say(b"500 Line too long")
                self.transport.close()
            return False
        verb, _, rest = bytes(self.buffer[:end]).partition(b" ")
        if verb.upper() == b"DATA" and self.recipients:
            del self.buffer[:end]
            self.in_data, self.searched = True, 0
            self._say(b"354 Go on; end with a dot")
            return True
        del self.buffer[: end + 2]
        self._command(verb.upper(), rest)
        return True

    def _command(self, verb: bytes, rest: bytes) -> None:
        if verb in {b"MAIL", b"RCPT"}:
            self._address(verb, rest)
        elif verb == b"EHLO":
            self.transport.write(EHLO)
        elif verb == b"RSET":
            self._forget()
            self._say(b"250 OK")
        elif verb in {b"HELO", b"NOOP"}:
            self._say(b"250 OK")
        elif verb == b"QUIT":
            self._say(b"221 Bye")
            self.transport.close()
        else:
            self._say(b"503 MAIL and RCPT first" if verb == b"DATA" else b"502 Not known here")

    def _address(self, verb: bytes, rest: bytes) -> None:
        found = ADDRESS.match(rest)
        if found is None:
            return self._say(b"501 Address in angle brackets, please")
        address = found.group(1).decode("utf-8", "replace")
        if verb == b"MAIL":
            self._forget()
            self.sender = address
        elif self.sender is None:
            return self._say(b"503 MAIL first")
        else:
            self.recipients.append(address)
        return self._say(b"250 OK")

    def _forget(self) -> None:
        self.sender, self.recipients, self.in_data = None, [], False

    def _say(self, line: bytes) -> None:
        self.transport.write(line + b"\r\n")


class MailDoor:
    """The server in a thread of its own. Port 0 takes any free one; `port` then says which."""

    def __init__(self, keep: Keep, hostname: str, port: int) -> None:
        self.keep = keep
        self.hostname = hostname
        self.port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sink-smtp", daemon=True)

    def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(20)
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Close the door and everything that came through it."""
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _listen(self) -> asyncio.Server:
        return await self._loop.create_server(lambda: Conversation(self.keep), self.hostname, self.port)
