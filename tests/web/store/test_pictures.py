"""A seller's picture of any shape, in a browser with nothing but our styles."""

from __future__ import annotations

import shutil

import pytest
from playwright.async_api import async_playwright

from cmp_web.theme import ASSETS, STYLESHEETS

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or ""
SHAPES = [(512, 512), (512, 320), (320, 512), (512, 100)]
SEEN = """(shot) => {
  const box = (e) => { const r = e.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom].map(Math.round); };
  return [getComputedStyle(shot).objectFit, ...box(shot), ...box(shot.parentElement), ...box(shot.nextElementSibling)];
}"""


def card(width: int, height: int) -> str:
    drawing = f"%3Csvg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}'/%3E"
    shot = f'<img class="shot" width="512" height="320" alt="" src="data:image/svg+xml,{drawing}">'
    return f'<li><article class="prod"><div class="top">{shot}<span class="bdg ol">Basic</span></div></article></li>'


@pytest.mark.skipif(not CHROMIUM, reason="needs Chromium")
@pytest.mark.parametrize("window", [390, 1440])
async def test_a_picture_is_shown_whole_in_the_head_of_its_card_and_beside_the_plan(window: int) -> None:
    styles = "".join((ASSETS / name.lstrip("/")).read_text() for name in STYLESHEETS)
    async with async_playwright() as engine:
        browser = await engine.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = await browser.new_page(viewport={"width": window, "height": 900})
        cards = "".join(card(*shape) for shape in SHAPES)
        await page.set_content(f'<style>{styles}</style><main class="wrap"><ul class="pgrid">{cards}</ul></main>')
        seen = [await shot.evaluate(SEEN) for shot in await page.query_selector_all(".shot")]
        await browser.close()
    assert len(seen) == len(SHAPES)
    for fit, left, top, right, bottom, head_left, head_top, _, head_bottom, badge_left, *_ in seen:
        assert fit == "contain"
        assert right - left > 20
        assert (head_left < left, head_top < top, bottom < head_bottom, right <= badge_left) == (True, True, True, True)
