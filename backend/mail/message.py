"""A mail, and the port that sends it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Protocol

from backend.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Mail:
    """to: one address. text: the plain body; html: the same in HTML, or empty."""

    to: str
    subject: str
    text: str
    html: str = ""


class Mailer(Protocol):
    async def send(self, mail: Mail, *, key: str) -> None:
        """Send it. key: names this mail; sending again under the same key makes the same Message-ID, and in a folder the same file.

        Raises Invalid for an address that cannot be one, Unavailable when the mail server cannot be reached or refuses for now, and
        UpstreamFailed when it refuses for good.
        """
        ...


def compose(mail: Mail, *, sender: str, key: str, at: datetime) -> EmailMessage:
    """The RFC 5322 message. Raises Invalid when the recipient is not one plain address."""
    name, address = parseaddr(sender)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(name, addr_spec=address)
    message["To"] = _recipient(mail.to)
    message["Subject"] = re.sub(r"\s+", " ", mail.subject).strip()
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{name_of(key)}@{address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    if mail.html:
        message.add_alternative(mail.html, subtype="html")
    return message


def name_of(key: str) -> str:
    """A name for the mail that tells nothing and is the same for the same key."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _recipient(text: str) -> Address:
    if not re.fullmatch(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+", text):
        raise Invalid("This is not an e-mail address.", fields={"email": "not an e-mail address"})
    try:
        return Address(addr_spec=text)
    except (ValueError, IndexError):
        raise Invalid("This is not an e-mail address.", fields={"email": "not an e-mail address"}) from None
