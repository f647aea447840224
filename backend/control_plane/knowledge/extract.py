"""`python -m backend.control_plane.knowledge.extract KIND FILE`: one document in, its passages out as JSON, then the process ends.

A document is a stranger's: it may be broken, or made to eat memory and time. So it is read here, under limits, and not in the server.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from backend.control_plane.knowledge import policy, readers
from backend.kernel.errors import Invalid

MEMORY = 1024**3
"""Bytes of address space."""
CPU = 120
"""Seconds."""
MAX_PASSAGES = 100_000


def main(kind: str, path: str) -> None:
    """Prints `{"passages": [[place, text], …]}` or `{"error": …}`. Any other end is the reader's own failure."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU, CPU))
    print(json.dumps(_answer(kind, Path(path).read_bytes()), ensure_ascii=True))


def _answer(kind: str, data: bytes) -> dict[str, object]:
    try:
        found = [[block.place, block.text] for block in policy.passages(readers.read(kind, data)) if any(map(str.isalnum, block.text))]
    except Invalid as error:
        return {"error": error.detail}
    except (MemoryError, RecursionError):
        return {"error": "Reading it took more memory than a document should need."}
    if not found:
        return {"error": "No text was found in it. A scanned document has to be run through text recognition first."}
    if len(found) > MAX_PASSAGES:
        return {"error": "It holds more text than one document may; split it."}
    return {"passages": found}


if __name__ == "__main__":
    main(*sys.argv[1:])
