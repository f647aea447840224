"""Between a process that waits and its run: neither is lost there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psutil
import pytest

from backend.runner.embedded import EmbeddedRunner
from backend.runner.ports import Event, Failed
from backend.runner.templates import RunProcess
from tests.contract.runner.flows import heard, job, made
from tests.service.runner.test_embedded_isolation import gone, runner, text_of

__all__ = ["runner"]
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("end", ["cancelled", "timed out"])
async def test_a_run_that_ends_while_its_process_is_called_takes_it_along(
    runner: EmbeddedRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    calling = made(tmp_path, "calling", "return 'x'")
    assert await text_of(runner, calling) == "x"
    called: list[psutil.Process] = []
    begun = asyncio.Event()

    async def hangs(self: RunProcess) -> bool:
        called.append(psutil.Process(self.pid))
        begun.set()
        return await asyncio.Event().wait()

    with monkeypatch.context() as patched:
        patched.setattr(RunProcess, "connect", hangs)
        task: asyncio.Task[list[Event]] = asyncio.create_task(heard(runner, job(calling, timeout=20.0 if end == "cancelled" else 1.0)))
        await begun.wait()
        if end == "cancelled":
            task.cancel()
        (result,) = await asyncio.gather(task, return_exceptions=True)
    told = [Failed("timeout", "The run took longer than 1 seconds and was stopped.")]
    assert isinstance(result, asyncio.CancelledError) if end == "cancelled" else result == told
    for process in called:
        await gone(process)
    assert runner._templates[calling.content_hash].used == 0
    assert await text_of(runner, calling) == "x"


async def test_a_flow_whose_processes_die_while_they_wait_is_given_up_after_a_few(
    runner: EmbeddedRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "EARLY = __import__('os').register_at_fork(after_in_child=lambda: __import__('os')._exit(1))"
    dies = made(tmp_path, "dies", "return 'x'", module=module)
    connect, called = RunProcess.connect, 0

    async def when_dead(self: RunProcess) -> bool:
        nonlocal called
        called += 1
        await gone(psutil.Process(self.pid))
        return await connect(self)

    monkeypatch.setattr(RunProcess, "connect", when_dead)
    assert await heard(runner, job(dies, timeout=10.0)) == [Failed("crashed", "The flow's processes end before they are asked anything.")]
    assert called == 3
