"""A mail server that keeps what it is handed: real SMTP (RFC 5321) over a socket, for one test."""

import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage

from django.test import override_settings


@dataclass
class MailServer:
    """What was handed over; while ``is_busy``, every recipient is turned away."""

    mails: list[EmailMessage] = field(default_factory=list)
    is_busy: bool = False

    def to(self, address: str) -> list[str]:
        """Return the subjects of what somebody got, oldest first."""
        return [str(mail["Subject"]) for mail in self.mails if mail["To"] == address]


class _Conversation(socketserver.StreamRequestHandler):
    server: "_Server"

    def handle(self) -> None:
        self._say("220 mail.test")
        while line := self.rfile.readline():
            verb = line.decode().split(" ")[0].strip().upper()
            if verb == "QUIT":
                self._say("221 bye")
                return
            if verb == "DATA":
                self._say("354 go on")
                self._take()
            elif verb == "RCPT" and self.server.kept.is_busy:
                self._say("451 try again later")
            else:
                self._say("250 ok")

    def _take(self) -> None:
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line[1:] if line.startswith(b"..") else line)
        message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        self.server.kept.mails.append(message)
        self._say("250 kept")

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, kept: MailServer) -> None:
        self.kept = kept
        super().__init__(("127.0.0.1", 0), _Conversation)


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Run a server, and lead Django's mails to it."""
    kept = MailServer()
    with _Server(kept) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            with override_settings(
                EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
                EMAIL_HOST="127.0.0.1",
                EMAIL_PORT=server.server_address[1],
                EMAIL_USE_TLS=False,
            ):
                yield kept
        finally:
            server.shutdown()
            thread.join(5)
