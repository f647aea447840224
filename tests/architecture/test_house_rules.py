"""Rules of the house that a script can hold: sizes, names that must not appear, settings that must be documented."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from backend.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for folder in ("backend", "cmp_web") for path in (ROOT / folder).rglob("*.py") if "versions" not in path.parts)
TEXTS = {".py", ".md", ".toml", ".js", ".css", ".json", ".graphql", ".lock", ".yaml", ".yml", ".svg", ".txt", ""}
GENERATED = {
    ".git",
    ".venv",
    ".web",
    "var",
    ".states",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
    "__pycache__",
    "scratch",
    "external",
}


def committed() -> list[Path]:
    return [p for p in ROOT.rglob("*") if p.is_file() and not GENERATED & set(p.parts) and p.suffix in TEXTS and "egg-info" not in str(p)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_is_longer_than_300_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300


def test_no_function_is_longer_than_40_lines_and_no_view_than_60() -> None:
    long = []
    for path in SOURCES:
        bound = 60 if "cmp_web" in path.parts else 40
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno + 1 > bound:
                long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert long == []


def test_no_package_registry_and_no_path_of_a_machine_is_named() -> None:
    hosts = "|".join(("npm" + r"js\.(org|com)", "py" + r"pi\.org", "python" + "hosted", r"deb\.debian"))
    places = r"(^|[^\w.])/(tm" + r"p|roo" + r"t|hom" + r"e|wor" + r"k)/[a-z]"
    found = []
    for path in committed():
        text = path.read_text(errors="ignore")
        found += [f"{path.relative_to(ROOT)}: {m.group()}" for m in re.finditer(hosts, text)]
        if path.suffix in {".py", ".md", ".toml"}:
            found += [f"{path.relative_to(ROOT)}: {m.group()}" for m in re.finditer(places, text, re.M)]
    assert found == []


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    documented = set(re.findall(r"^\| `CMP_(\w+)`", (ROOT / "docs/settings.md").read_text(), re.M))
    assert documented == {name.upper() for name in Settings.model_fields}


def test_no_half_merged_file_is_left() -> None:
    texts = [ROOT / "CHANGELOG.md", ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "assets").glob("*.css")]
    assert [path.name for path in texts if re.search(r"^(<{7} |={7}$|>{7} )", path.read_text(), re.M)] == []
