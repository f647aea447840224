"""The operations we send, read once from `operations/*.graphql`. Each is cut out with just the fragments it uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from graphql import DocumentNode, OperationDefinitionNode, OperationType, parse, separate_operations

FOLDER = Path(__file__).parent / "operations"


@dataclass(frozen=True, slots=True)
class Operation:
    """document: the operation with its fragments. repeatable: a query, which may be sent again when no answer came."""

    name: str
    document: DocumentNode
    repeatable: bool


@cache
def known(folder: Path) -> Mapping[str, Operation]:
    """`load`, once for all sessions of the process: nobody writes into what it returns."""
    return load(folder)


def load(folder: Path = FOLDER) -> dict[str, Operation]:
    """Every operation by its name. Raises ValueError for two of one name."""
    found: dict[str, Operation] = {}
    for path in sorted(folder.glob("*.graphql")):
        for name, document in separate_operations(parse(path.read_text(), no_location=True)).items():
            if name in found:
                raise ValueError(f"{path.name}: a second operation named {name!r}")
            queries = [d for d in document.definitions if isinstance(d, OperationDefinitionNode) and d.operation is OperationType.QUERY]
            found[name] = Operation(name, document, repeatable=bool(queries))
    return found
