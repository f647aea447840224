"""What every State of the workspace has: how far it is with loading, and what went wrong, in words a member can act on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import reflex as rx

from backend.kernel.caller import Caller, Role
from backend.kernel.errors import DomainError, Forbidden, NotFound

LOADING, READY, FAILED, MISSING, REFUSED = "loading", "ready", "failed", "missing", "refused"


class Loading(rx.State, mixin=True):
    """phase: loading, ready, failed, missing (no such thing) or refused (the role does not allow it)."""

    phase: str = LOADING
    fault: str = ""
    fault_code: str = ""

    @contextmanager
    def _loading(self) -> Iterator[None]:
        """Ready at the end of the block. An unforeseen error is shown too, and still raised, so that it reaches the log."""
        try:
            yield
        except DomainError as error:
            self._show(error)
        except Exception:
            self.phase, self.fault_code, self.fault = FAILED, "internal", "The server could not answer. Nothing is lost."
            raise
        else:
            self.phase, self.fault, self.fault_code = READY, "", ""

    def _show(self, error: DomainError) -> None:
        self.phase = REFUSED if isinstance(error, Forbidden) else MISSING if isinstance(error, NotFound) else FAILED
        self.fault, self.fault_code = error.detail, error.code


def need(caller: Caller, role: Role, words: str) -> None:
    """Raises Forbidden with `words` when the caller's role is weaker."""
    if not caller.at_least(role):
        raise Forbidden(words)
