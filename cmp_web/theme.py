"""What the whole site wears. Colours, sizes and spaces themselves live in assets/tokens.css; nothing else decides one."""

from __future__ import annotations

import hashlib
from pathlib import Path

ASSETS = Path(__file__).resolve().parent.parent / "assets"

STYLESHEETS = ["/tokens.css", "/cmp.css", "/store.css"]
FONT = "/fonts/geist-400-600.woff2"


def stamped(name: str) -> str:
    """The address of a file in `assets/`, with its content's hash, so that browsers may keep it for a year."""
    return f"/{name}?v={hashlib.sha256((ASSETS / name).read_bytes()).hexdigest()[:8]}"


ICONS = stamped("icons.svg")
SCRIPT = stamped("site.js")
APP_STYLES = stamped("app.css")
"""The workspace's own styles: only its pages fetch them."""
OPERATOR_STYLES = stamped("operator.css")
OPERATOR_SCRIPT = stamped("operator.js")
"""What the operator's pages fetch beside them."""
CHECKOUT_STYLES = stamped("checkout.css")
"""The checkout's own styles: only its page fetches them."""
