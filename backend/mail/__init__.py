"""Mail: one port, a folder of `.eml` files by default, SMTP when a server is configured."""

from __future__ import annotations

from backend.kernel.clock import Clock
from backend.mail.folder import FolderMailer
from backend.mail.message import Mail, Mailer
from backend.mail.smtp import SmtpMailer
from backend.settings import Settings

__all__ = ["FolderMailer", "Mail", "Mailer", "SmtpMailer", "mailer"]


def mailer(settings: Settings, clock: Clock) -> Mailer:
    if settings.smtp_url:
        return SmtpMailer(settings.smtp_url, sender=sender(settings), clock=clock)
    return FolderMailer(settings.data_dir / "mail", sender=sender(settings), clock=clock)


def sender(settings: Settings) -> str:
    """The From address: the brand's name, at the host people reach us at."""
    host = settings.base_url.split("://", 1)[1].split("/")[0].split(":")[0]
    return f"{settings.brand_name} <no-reply@{host}>"
