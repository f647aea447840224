"""Mail over SMTP: `smtp://user:password@host:port` (STARTTLS where the server offers it) or `smtps://…` (TLS from the start)."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from backend.kernel.clock import Clock
from backend.kernel.errors import Unavailable, UpstreamFailed
from backend.mail.message import Mail, compose

TIMEOUT = 20.0
"""Seconds, for each exchange with the server."""


class SmtpMailer:
    """Raises ValueError at once when the URL is not one of the two kinds. A password is never sent without TLS, except on this machine."""

    def __init__(self, url: str, *, sender: str, clock: Clock) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise ValueError("CMP_SMTP_URL must look like smtp://user:password@host:port or smtps://…")
        self._host, self._tls = parts.hostname, parts.scheme == "smtps"
        self._port = parts.port or (465 if self._tls else 587)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._sender, self._clock = sender, clock

    async def send(self, mail: Mail, *, key: str) -> None:
        message = compose(mail, sender=self._sender, key=key, at=self._clock.now())
        try:
            await asyncio.to_thread(self._deliver, message)
        except smtplib.SMTPResponseException as fault:
            kind = Unavailable if fault.smtp_code < 500 else UpstreamFailed
            raise kind(f"The mail server answered {fault.smtp_code}.") from fault
        except smtplib.SMTPRecipientsRefused as fault:
            kind = Unavailable if all(code < 500 for code, _ in fault.recipients.values()) else UpstreamFailed
            raise kind("The mail server refused the recipient.") from fault
        except (smtplib.SMTPException, OSError) as fault:
            raise Unavailable("The mail server cannot be reached.") from fault

    def _deliver(self, message: EmailMessage) -> None:
        with self._connect() as server:
            if self._user:
                server.login(self._user, self._password)
            server.send_message(message)

    def _connect(self) -> smtplib.SMTP:
        secure = ssl.create_default_context()
        if self._tls:
            return smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT, context=secure)
        server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT)
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=secure)
        elif self._user and self._host not in {"localhost", "127.0.0.1", "::1"}:
            server.close()
            raise smtplib.SMTPNotSupportedError("the server offers no TLS, so the password is not sent")
        return server
