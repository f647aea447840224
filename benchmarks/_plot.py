"""A line over time as a picture."""

from __future__ import annotations

from pathlib import Path


def plot(read: list[float], runs: int, path: Path) -> None:
    """Megabytes over runs, as a picture."""
    high = max(read) * 1.1
    points = " ".join(f"{60 + n * 520 / (len(read) - 1):.1f},{220 - size * 180 / high:.1f}" for n, size in enumerate(read))
    words = f'<text x="60" y="24">Memory of the server and all its processes, MB, over {runs} runs</text>'
    ends = ((8, read[0]), (586, read[-1]))
    marks = "".join(f'<text x="{x}" y="{220 - size * 180 / high:.0f}">{size:.0f}</text>' for x, size in ends)
    axes = '<path d="M60 40V220H580" fill="none" stroke="#888"/>'
    line = f'<polyline points="{points}" fill="none" stroke="#1d4ed8" stroke-width="2"/>'
    style = 'viewBox="0 0 640 240" font-family="sans-serif" font-size="13"'
    path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" {style}>{words}{marks}{axes}{line}</svg>\n')
