"""The garbage collector of a server process."""

from __future__ import annotations

import gc


def keep_what_is_loaded() -> None:
    """What is there by now stays to the end, so the collector need not look through it again and again.

    Each full look at the modules, schemas and routes of this system stops everything for a fifth of a second (measured on two cores);
    after this, for a hundredth. For programs that serve, once, when all is loaded.
    """
    gc.collect()
    gc.freeze()
