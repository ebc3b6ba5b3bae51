"""The sink's two doors: SMTP on one port, `POST /sms` and `POST /hook` on another, on this machine only."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from config.sink.smtp import LARGEST, MailDoor
from config.sink.store import Store

HOST = "127.0.0.1"


def mail_door(store: Store, port: int) -> MailDoor:
    """An SMTP server in a thread of its own; the caller starts it. The envelope is kept in two headers."""

    def keep(sender: str, recipients: list[str], content: bytes) -> str:
        head = f"X-MailFrom: {sender}\r\nX-RcptTo: {', '.join(recipients)}\r\n"
        return store.keep("mail", head.encode() + content)

    return MailDoor(keep, HOST, port)


def sms_door(store: Store, port: int) -> ThreadingHTTPServer:
    """An HTTP server that takes `{"to", "text", …}` at /sms and anything at /hook; the caller serves it."""

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65536  # Headers and body in one packet: two would wait for each other.
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            """Keep one message, or say what is wrong with it."""
            length = int(self.headers.get("Content-Length") or 0)
            if self.path.rstrip("/") == "/hook" and length <= LARGEST:
                self.rfile.read(length)  # Webhooks of the demo shop: taken, not kept.
                return self._answer(200, {"taken": "yes"})
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
