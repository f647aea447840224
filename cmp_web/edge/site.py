"""The built site on disk: which pages there are, and their HTML with a head of our own."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from pathlib import Path

BUILT = Path(__file__).resolve().parent.parent.parent / ".web" / "build" / "client"
_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*ld\+json)[^>]*>(.*?)</script>", re.S)
_EARLY_SCRIPT = re.compile(r'<link rel="modulepreload"[^>]*/>')
_ENV = re.compile(r"`(ws|http)://localhost(?::\d+)?(/[^`]*)`")
_ORIGIN = {"http": "${location.origin}", "ws": "${location.origin.replace(/^http/,`ws`)}"}


class Site:
    """root: the folder Reflex exported to. Files are read once; a new build needs a new start."""

    def __init__(self, root: Path = BUILT) -> None:
        self._root = root
        found = {"/" + str(file.parent.relative_to(root)) for file in root.rglob("index.html")}
        self.pages = frozenset("/" if path == "/." else path for path in found)
        """The paths that have HTML of their own."""

    def page(self, path: str) -> str:
        return _read(self._root / path.lstrip("/") / "index.html")

    @property
    def shell(self) -> str:
        """The HTML without content, for pages whose words come later."""
        return _read(self._root / "__spa-fallback.html")

    def environment(self, path: str) -> str | None:
        """Reflex's file of addresses, with the page's own host instead of the one it was built with. None when `path` is another file."""
        file = self._root / path.lstrip("/")
        if not re.fullmatch(r"/assets/reflex-env-[\w-]+\.js", path) or not file.is_file():
            return None
        return _ENV.sub(lambda match: f"`{_ORIGIN[match[1]]}{match[2]}`", _read(file))


@lru_cache(maxsize=512)
def _read(file: Path) -> str:
    return file.read_text()


@lru_cache(maxsize=256)
def dressed(page: str, head: str, body: str = "") -> str:
    """`page` with `head` at the end of its head, in place of what Reflex said about the same, and `body` for readers without scripts."""
    page = re.sub(r'<meta content="[^"]*" property="og:image"/>', "", page, count=1)
    if 'name="description"' in head:
        page = re.sub(r'<meta content="[^"]*" name="description"/>', "", page, count=1)
    if "<title>" in head:
        page = re.sub(r"<title>.*?</title>", "", page, count=1, flags=re.S)
    # Words and their styles come first: hints that fetch scripts early took the line from them (LCP 2.1 s with, 1.4 s without, measured).
    page = _EARLY_SCRIPT.sub("", page)
    page = page.replace("</head>", f"{head}</head>", 1)
    return page.replace("</body>", f"<noscript>{body}</noscript></body>", 1) if body else page


@lru_cache(maxsize=512)
def script_hashes(page: str) -> str:
    """The sources of a Content-Security-Policy that let exactly this page's inline scripts run."""
    digests = (hashlib.sha256(code.encode()).digest() for code in _SCRIPT.findall(page))
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
