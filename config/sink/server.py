"""The sink's two doors: SMTP on one port, `POST /sms` on another, both on this machine only."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from config.sink.store import Store

LARGEST = 10 * 1024 * 1024
HOST = "127.0.0.1"


class MailDoor:
    """aiosmtpd's handler: every accepted message becomes a file."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep one message, with its envelope in two headers."""
        content = envelope.content or b""
        body = content if isinstance(content, bytes) else content.encode()
        recipients = ", ".join(envelope.rcpt_tos)
        head = f"X-MailFrom: {envelope.mail_from}\r\nX-RcptTo: {recipients}\r\n".encode()
        name = self.store.keep("mail", head + body)
        return f"250 OK: kept as {name}"


class FreePort(Controller):
    """aiosmtpd's server in a thread, which also takes port 0 for "any free one"; `port` then says which."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()  # type: ignore[no-untyped-call]


def mail_door(store: Store, port: int) -> FreePort:
    """An SMTP server in a thread of its own; the caller starts it."""
    return FreePort(
        MailDoor(store),
        hostname=HOST,
        port=port,
        enable_SMTPUTF8=True,
        data_size_limit=LARGEST,
        ready_timeout=20,
    )


def sms_door(store: Store, port: int) -> ThreadingHTTPServer:
    """An HTTP server that takes `{"to", "text", …}` at /sms and answers `{"id"}`; the caller serves it."""

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Keep one message, or say what is wrong with it."""
            length = int(self.headers.get("Content-Length") or 0)
            if self.path.rstrip("/") != "/sms" or length > LARGEST:
                self.close_connection = True
                return self._answer(404, {"error": "POST /sms with a JSON object"})
            try:
                body = json.loads(self.rfile.read(length))
            except ValueError:
                body = None
            if not isinstance(body, dict) or not body.get("to") or not body.get("text"):
                return self._answer(400, {"error": "a JSON object with `to` and `text`"})
            return self._answer(200, {"id": store.keep("sms", json.dumps(body, ensure_ascii=False).encode())})

        def do_GET(self) -> None:
            """Say that the door is open."""
            self._answer(200, {"sink": "open"})

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: lines would name shoppers."""

        def _answer(self, status: int, body: dict[str, str]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer((HOST, port), Door)
    server.daemon_threads = True
    return server
