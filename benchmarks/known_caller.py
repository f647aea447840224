"""What it costs a run to learn who is asking: CPU microseconds a call of `Access.known`, its hash included.

Run: python -m benchmarks.known_caller
"""

from __future__ import annotations

import time
from collections.abc import Callable

from backend.kernel.caller import Caller, Door, Role
from backend.kernel.clock import Clock, SystemClock
from backend.kernel.ids import WorkspaceId
from backend.kernel.memory import MOST, Callers
from backend.kernel.secrets import new_token

CALLS = 200_000


class Still:
    """A clock that costs what the real one costs, and lets nothing lapse while we count."""

    def __init__(self) -> None:
        self._clock: Clock = SystemClock()
        self._start = self._clock.now()

    def now(self):  # type: ignore[no-untyped-def]
        self._clock.now()
        return self._start


def cost(act: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        for _ in range(CALLS):
            act()
        best = min(best, time.process_time() - began)
    return best / CALLS * 1e6


def main() -> None:
    callers = Callers(Still())
    secrets = [new_token("cmp_") for _ in range(MOST)]
    for secret in secrets:
        callers.bearers.keep(secret, Caller(Door.API, WorkspaceId("ws_1"), Role.MEMBER), callers.bearers.asking())
    look, known, unknown = callers.bearers.look, secrets[MOST // 2], new_token("cmp_")
    print(f"{MOST:,} keys remembered; known: {cost(lambda: look(known)):.2f} µs, unknown: {cost(lambda: look(unknown)):.2f} µs")
    began = time.process_time()
    callers.forget("ws_nobody")
    print(f"one change that concerns nobody: {(time.process_time() - began) * 1e6:.0f} µs")


if __name__ == "__main__":
    main()
