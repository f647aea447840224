"""What is a good e-mail address, a good password, a live session, a safe place to go next. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from email_validator import EmailNotValidError, validate_email

from backend.kernel.errors import Invalid

SESSION_IDLE = timedelta(days=14)
SESSION_ABSOLUTE = timedelta(days=30)
SESSION_TOUCH = timedelta(minutes=5)
"""How stale the last sight of a session may get before it is written down: a page view should not cost a write."""
PASSWORD_MIN, PASSWORD_MAX = 10, 200


def normal_email(email: str) -> str:
    """The one spelling an address is known by, lower-cased. Raises Invalid with field `email`. Asks no name server."""
    try:
        return validate_email(email.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        raise Invalid("That is not an e-mail address.", fields={"email": "Write it like name@company.com."}) from None


def password_fault(password: str, email: str) -> str:
    """What is wrong with a new password, in words for the person choosing it; empty when nothing is."""
    if len(password) < PASSWORD_MIN:
        return f"Use at least {PASSWORD_MIN} characters. A few unrelated words make a good password."
    if len(password) > PASSWORD_MAX:
        return f"Use at most {PASSWORD_MAX} characters."
    if len(set(password)) < 4:
        return "Use more than a few different characters."
    if password.strip().lower() in {email, email.partition("@")[0]}:
        return "Do not use your e-mail address as the password."
    return ""


def session_ends(created_at: datetime, seen_at: datetime) -> datetime:
    """When a session stops counting: too long unseen, or too old, whichever comes first."""
    return min(seen_at + SESSION_IDLE, created_at + SESSION_ABSOLUTE)


def local_path(wanted: str, default: str) -> str:
    """`wanted` when it is a path on this site, else `default`, so that a link to sign in cannot lead elsewhere.

    Browsers read a backslash as a slash and drop control characters, so `/\\evil` and `/<tab>/evil` are other sites too.
    """
    plain = wanted.startswith("/") and not wanted.startswith("//")
    strange = "\\" in wanted or any(ord(character) <= 32 or ord(character) == 127 for character in wanted)
    return wanted if plain and not strange else default
