"""What Lighthouse says of the catalogue pages on its own mobile defaults: performance and largest contentful paint, the median of three.

usage: python -m benchmarks.lighthouse

Lighthouse comes from npm, pinned, through the Node that CMP brings; it is kept in a folder of its own and thrown away. Its throttling is
simulated: it loads the page here, then reckons how a slow phone on a slow line would have taken it.
The issue that set the bounds gives 4.1 s and 67 for Saleor's own Next.js storefront; that page was not measured again here.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks._system import NO_CHROMIUM, PAGES, SANDBOXLESS, against, built, chromium, free_port, load, started

LIGHTHOUSE = "lighthouse@13.5.0"
SCORE_BOUND, LCP_BOUND = 95, 1.5
RUNS, TRIES = 3, 3
PATIENCE = 180
"""Seconds for one run of Lighthouse, its first download included."""


class NotMeasured(Exception):
    """Why not, in words."""


def main() -> int:
    if not chromium():
        print(NO_CHROMIUM)
        return 0
    built()
    print(f"   {load()}")
    with tempfile.TemporaryDirectory() as folder:
        try:
            run(Path(folder), "--version")
        except NotMeasured as why:
            print(f"Lighthouse could not be fetched from npm: not measured.\n{why}")
            return 0
        with started(Path(folder) / "var", free_port()) as running:
            return measured(Path(folder), running.url)


def measured(folder: Path, url: str) -> int:
    """Every page, one after the other. 1 when one does not keep its bounds or Lighthouse failed."""
    try:
        kept = [measure(folder, name, url + path) for name, path in PAGES.items()]
    except NotMeasured as why:
        print(f"Lighthouse failed: not measured.\n{why}")
        return 1
    return 0 if all(kept) else 1


def measure(folder: Path, name: str, url: str) -> bool:
    """Prints one page's figures; whether they keep the bounds."""
    reports = [report(folder, url) for _ in range(RUNS)]
    scores = [round(100 * told["categories"]["performance"]["score"]) for told in reports]
    paints = [value(told, "largest-contentful-paint") / 1000 for told in reports]
    score, paint = statistics.median(scores), statistics.median(paints)
    print(f"{name}: performance {score} of {scores} (bound {SCORE_BOUND}) = {against(score, SCORE_BOUND)}")
    print(f"   LCP {paint:.2f} s of {', '.join(f'{p:.2f}' for p in paints)} (bound {LCP_BOUND} s) = {against(paint, LCP_BOUND)}")
    blocked, shifted = (
        statistics.median(value(told, audit) for told in reports) for audit in ("total-blocking-time", "cumulative-layout-shift")
    )
    print(f"   blocked {blocked:.0f} ms, shifted {shifted:.3f}; {load()}")
    return score >= SCORE_BOUND and paint < LCP_BOUND


def report(folder: Path, url: str) -> dict[str, Any]:
    """One run's report. A run whose trace was lost (Lighthouse asks to run it again) is repeated, up to `TRIES` in all."""
    for left in reversed(range(TRIES)):
        try:
            return dict(json.loads(run(folder, url, *_flags())))
        except NotMeasured as why:
            if not left or "run Lighthouse again" not in str(why):
                raise
    raise AssertionError("the last try returns or raises")


def value(report: dict[str, Any], audit: str) -> float:
    return float(report["audits"][audit]["numericValue"])


def run(folder: Path, *words: str) -> str:
    """What Lighthouse prints. Raises NotMeasured with its last words when it fails."""
    tools = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "CHROME_PATH": chromium()}
    environment |= {"npm_config_cache": str(folder / "npm"), "npm_config_update_notifier": "false"}
    command = [str(tools / "npx"), "--yes", LIGHTHOUSE, *words]
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise NotMeasured(f"no answer within {PATIENCE} s") from None
    if done.returncode != 0:
        raise NotMeasured("\n".join(done.stderr.strip().splitlines()[-8:]))
    return done.stdout


def _flags() -> list[str]:
    browser = " ".join(SANDBOXLESS)
    return ["--quiet", "--output=json", "--only-categories=performance", "--no-enable-error-reporting", f"--chrome-flags={browser}"]


if __name__ == "__main__":
    sys.exit(main())
