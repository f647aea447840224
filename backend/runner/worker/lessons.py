"""What a flow's runs do for the first time, its template does once for all that follow: imports within functions, and models of pydantic
that are built when they are first used. Without it each run would pay for them again, a second for a flow that asks a language model."""

from __future__ import annotations

import ast
import contextlib
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

NAME, MOST = "lessons.json", 5000
"""The file in a run's folder that tells them, and how many it may hold."""


class Lessons:
    """Made by a template before its runs, which inherit it."""

    def __init__(self) -> None:
        self._modules = frozenset(sys.modules)
        self._unbuilt = tuple(model for model in _below(BaseModel) if not model.__pydantic_complete__)

    def write(self, folder: Path) -> None:
        """What this process did that the template had not done."""
        modules = [name for name in sys.modules if name not in self._modules]
        models = [f"{model.__module__}:{model.__qualname__}" for model in self._unbuilt if model.__pydantic_complete__]
        if modules or models:
            (folder / NAME).write_text(json.dumps({"modules": modules, "models": models}))


def learn(folder: Path) -> bool:
    """Do what a run in this folder had to do. Names alone are taken from it, of what is installed. False when there was nothing."""
    try:
        told = json.loads((folder / NAME).read_text())
        modules, models = told["modules"][:MOST], told["models"][:MOST]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    done = [_import(name) for name in modules if name not in sys.modules] + [_build(name) for name in models]
    return any(done)


def import_what_is_named(source: bytes) -> None:
    """Import what the code of a flow's components imports anywhere, so that not even the first run pays for it."""
    for node in json.loads(source).get("data", {}).get("nodes", []):
        with contextlib.suppress(SyntaxError, TypeError, KeyError, ValueError, AttributeError):
            for part in ast.walk(ast.parse(node["data"]["node"]["template"]["code"]["value"])):
                if isinstance(part, ast.Import):
                    for alias in part.names:
                        _import(alias.name)
                elif isinstance(part, ast.ImportFrom) and part.module and not part.level:
                    _import(part.module)


def _import(name: str) -> bool:
    # The module of a stranger may raise whatever it likes; then the run does it, and fails by itself.
    with contextlib.suppress(BaseException):
        importlib.import_module(name)
        return True
    return False


def _build(name: str) -> bool:
    module, _, path = name.partition(":")
    found: Any = sys.modules.get(module)
    for part in path.split("."):
        found = getattr(found, part, None)
    if isinstance(found, type) and issubclass(found, BaseModel) and not found.__pydantic_complete__:
        with contextlib.suppress(Exception):
            return bool(found.model_rebuild(raise_errors=False))
    return False


def _below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Each once."""
    seen: set[type[BaseModel]] = set()
    waiting = [model]
    while waiting:
        for below in waiting.pop().__subclasses__():
            if below not in seen:
                seen.add(below)
                waiting.append(below)
                yield below
