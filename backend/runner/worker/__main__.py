"""`python -m backend.runner.worker`: runs flows with lfx for the parent at the other end of its pipes, several at once.

Newline JSON. In: `{"run": id, "flow": {path, hash}, "text", "session", "variables", "tweaks"}`, `{"cancel": id}`,
`{"prepare": {path, hash}}`. Out: `{"ready": true}`, then for a run `{"run", "token"}`…, and last `{"run", "done", "usage"}`,
`{"run", "failed"}` or `{"run", "cancelled"}`.

Flow code is a stranger here: it gets no descriptor of ours under a number it would use by accident, no environment beyond a short
list (the parent sees to that), and a limit on memory. The process ends when its parent does.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import threading
from collections.abc import Coroutine
from typing import Any, BinaryIO

from backend.runner.worker import graph


class Worker:
    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._tasks: dict[str, asyncio.Task[Any]] = {}

    def say(self, **message: Any) -> None:
        self._out.write(json.dumps(message).encode() + b"\n")
        self._out.flush()

    def hear(self, line: bytes) -> None:
        """Act on one message of the parent. Runs on the loop."""
        message = json.loads(line)
        if run := message.get("cancel"):
            if task := self._tasks.get(run):
                task.cancel()
        elif flow := message.get("prepare"):
            self._keep("prepare " + flow["hash"], flow, graph.prepare(flow["path"], flow["hash"]))
        else:
            self._keep(message["run"], message["flow"], self._run(message))

    def _keep(self, name: str, flow: dict[str, str], work: Coroutine[Any, Any, Any]) -> None:
        def ended(task: asyncio.Task[Any]) -> None:
            del self._tasks[name]
            if not task.cancelled():
                task.exception()
            if not self._tasks:
                graph.restock(flow["hash"])

        self._tasks[name] = task = asyncio.ensure_future(work)
        task.add_done_callback(ended)

    async def _run(self, job: dict[str, Any]) -> None:
        run = job["run"]
        try:
            async for kind, value in graph.stream(job):
                self.say(run=run, **({"token": value} if kind == "token" else value))
        except asyncio.CancelledError:
            self.say(run=run, cancelled=True)
        except graph.FlowFailed as failure:
            self.say(run=run, failed=str(failure))
        except Exception as error:  # noqa: BLE001
            # Whatever flow code raises is that run's failure, never the worker's.
            self.say(run=run, failed=f"{type(error).__name__}: {error}"[:500])


def main(memory: int) -> None:
    """memory: bytes of address space this process may have."""
    commands, out = _private_pipes()
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    asyncio.run(_serve(commands, out))


async def _serve(commands: BinaryIO, out: BinaryIO) -> None:
    graph.warm()
    worker = Worker(out)
    loop = asyncio.get_running_loop()
    threading.Thread(target=_listen, args=(commands, loop, worker), daemon=True).start()
    worker.say(ready=True)
    await asyncio.Event().wait()


def _listen(commands: BinaryIO, loop: asyncio.AbstractEventLoop, worker: Worker) -> None:
    """A thread of its own, so that the end of the parent is noticed even while flow code holds up the loop."""
    for line in commands:
        loop.call_soon_threadsafe(worker.hear, line)
    os._exit(0)


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Our ends of the pipes, away from descriptors 0 and 1: what flow code prints goes to stderr, and it reads nothing."""
    commands, out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return commands, out


if __name__ == "__main__":
    main(int(sys.argv[1]))
