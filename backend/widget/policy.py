"""Where a widget may stand: exact origins, compared whole. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from backend.kernel.errors import Invalid

SESSION_LIFE = timedelta(hours=1)
MAX_ORIGINS = 20
MAX_TITLE, MAX_GREETING = 60, 300
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*|[0-9a-f:]+")


def normal_origin(text: str) -> str:
    """An origin the way browsers send it. Raises Invalid for anything but https://host[:port], or http on this computer."""
    text = text.strip()
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError:
        raise _invalid(text) from None
    extra = parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc
    scheme = parts.scheme.lower()
    allowed = scheme == "https" or (scheme == "http" and host in _LOCAL)
    if extra or not allowed or not _HOST.fullmatch(host):
        raise _invalid(text)
    shown = f"[{host}]" if ":" in host else host
    usual = port is None or port == {"https": 443, "http": 80}[scheme]
    return f"{scheme}://{shown}" + ("" if usual else f":{port}")


def normal_origins(origins: Sequence[str]) -> list[str]:
    """Each once, in the order given. Raises Invalid with field `allowed_origins`."""
    if len(origins) > MAX_ORIGINS:
        raise Invalid("Too many sites.", fields={"allowed_origins": f"At most {MAX_ORIGINS}."})
    return list(dict.fromkeys(normal_origin(origin) for origin in origins))


def _invalid(text: str) -> Invalid:
    words = f"“{text[:80]}” is not a site: write https:// and the host, nothing after it (http://localhost works for trying out)."
    return Invalid("Check the list of sites.", fields={"allowed_origins": words})
