"""Headers every answer gets: who may frame it, what it may load, how long it may be kept. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

YEAR = "public, max-age=31536000, immutable"
DAY = "public, max-age=86400"
MINUTES = "public, max-age=300"
FRESH = "private, no-cache"

ALWAYS = {"x-content-type-options": "nosniff", "referrer-policy": "strict-origin-when-cross-origin", "x-frame-options": "DENY"}
DOCUMENTS = {
    "permissions-policy": "camera=(), microphone=(), geolocation=(), browsing-topics=()",
    "cross-origin-opener-policy": "same-origin",
    "content-security-policy": "frame-ancestors 'none'",
}
"""What only a document can obey; our own pages bring a policy of their own."""
FOREVER = {"x-content-type-options": "nosniff"}
"""What a file for a year gets instead of `ALWAYS`: it is no document and names no one, and a page fetches a dozen of them."""
VALIDATORS = ("etag", "last-modified", "accept-ranges")
"""Headers of use only to who asks again, which nobody does for a file that never changes."""
_STAMPED = re.compile(r"^v=[0-9a-f]{8}$")
_DAILY = (".svg", ".png", ".ico", ".txt")


PAYING = {
    "script-src": "https://js.stripe.com https://*.js.stripe.com",
    "frame-src": "https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com",
    "connect-src": "https://api.stripe.com",
    "img-src": "https://*.stripe.com",
}
"""What Stripe's Payment Element needs, as its documentation lists it. For the checkout page alone."""


def content_security(scripts: str, host: str, *, images: Sequence[str] = (), paying: bool = False) -> str:
    """For a page of ours. scripts: the hashes of its inline scripts. images: the origins of the shop's pictures. paying: the checkout.
    Styles may be inline: Reflex sets some on elements.

    The websocket is named beside 'self' because Safari does not take it for the same origin.
    """
    sockets = f" ws://{host} wss://{host}" if re.fullmatch(r"[\w.:\[\]-]+", host) else ""
    own = {
        "default-src": "'self'",
        "script-src": f"'self' {scripts}",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": " ".join(("'self' data:", *images)),
        "connect-src": f"'self'{sockets}",
        **({"frame-src": ""} if paying else {}),
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    extra = PAYING if paying else {}
    return "; ".join(" ".join(filter(None, (name, sources.strip(), extra.get(name)))) for name, sources in own.items())


def caching(path: str, query: str) -> str | None:
    """How long a file may be kept, or None where whoever answers decides. What has a hash in its address never changes."""
    if path.startswith(("/assets/", "/fonts/")) or (_STAMPED.match(query) and "." in path):
        return YEAR
    if path == "/widget.js":
        return MINUTES
    return DAY if path.endswith(_DAILY) and not path.startswith(("/v1/", "/robots")) else None
