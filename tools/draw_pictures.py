"""Draw the product pictures that `cmpctl saleor setup` uploads: each product's emblem on the page's wash, as PNG.

usage: python tools/draw_pictures.py

Only after an emblem changed; the pictures are committed. Needs Chromium, as the browser tests do.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from backend import catalogue
from backend.operator.setup.wanted import PICTURE

ROOT = Path(__file__).resolve().parent.parent
SIDE = 1024
"""Pixels. Saleor makes its thumbnails from it, the largest of them 1024."""


def main() -> int:
    wash = re.search(r"--color-wash: (#\w+)", (ROOT / "assets/tokens.css").read_text())
    if wash is None:
        print("assets/tokens.css names no --color-wash", file=sys.stderr)
        return 1
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport={"width": SIDE, "height": SIDE}, color_scheme="light")
        for product in catalogue.load():
            emblem = (ROOT / f"assets/emblems/{product.emblem}.svg").read_text()
            page.set_content(
                f"<style>body{{margin:0;height:100vh;display:grid;place-items:center;background:{wash[1]}}}"
                f"body>svg{{width:{SIDE // 2}px}}</style>{emblem}"
            )
            page.screenshot(path=product.folder / PICTURE)
            print(product.folder / PICTURE)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
