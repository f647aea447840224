"""The sample flows' own component without Langflow around it: the same source, less what it imports from lfx and the class lfx calls."""

from __future__ import annotations

import ast
from types import ModuleType

from backend import catalogue


def extractive() -> ModuleType:
    path = catalogue.FOLDER / "flows" / "extractive_answer.py"
    tree = ast.parse(path.read_text())
    tree.body = [
        part
        for part in tree.body
        if not (isinstance(part, ast.ImportFrom) and (part.module or "").startswith("lfx"))
        and not (isinstance(part, ast.ClassDef) and part.name == "ExtractiveAnswer")
    ]
    module = ModuleType("extractive_answer")
    exec(compile(tree, str(path), "exec"), module.__dict__)
    return module
