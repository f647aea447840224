"""A system that has nothing left for a while: no descriptor, no process, no room on the disk. It comes back, and so do the flows."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from backend.runner.embedded import EmbeddedRunner
from backend.runner.ports import Failed, Finished
from backend.settings import Settings
from tests.contract.runner.conftest import ready
from tests.contract.runner.flows import flow, heard, job, made
from tests.service.runner.test_embedded_isolation import ROOT, runner, text_of

__all__ = ["runner"]
pytestmark = pytest.mark.asyncio(loop_scope="module")


def embedded(folder: Path) -> EmbeddedRunner:
    return EmbeddedRunner(Settings(_env_file=None, data_dir=folder))  # type: ignore[call-arg]


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # The next one would have this number, and so has every one after it.
    with Path(os.devnull).open() as lowest:
        least = lowest.fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (least, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def told(runner: EmbeddedRunner, words: str) -> None:
    async with asyncio.timeout(20):
        while words not in runner.health():
            await asyncio.sleep(0.01)


async def test_a_worker_that_cannot_be_started_says_so_and_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "runner").write_text("a file where the folder should be")
    starved = embedded(tmp_path)
    await starved.start()
    await told(starved, "the worker cannot be started")
    (tmp_path / "runner").unlink()
    await ready(starved)
    assert isinstance((await heard(starved, job(flow())))[-1], Finished)
    await starved.stop()
    assert starved.health() == "stopped"


async def test_stopping_a_runner_whose_worker_cannot_be_started_raises_nothing(tmp_path: Path) -> None:
    (tmp_path / "runner").write_text("a file where the folder should be")
    starved = embedded(tmp_path)
    await starved.start()
    await told(starved, "the worker cannot be started")
    await starved.stop()
    assert starved.health() == "stopped"


async def test_a_start_without_descriptors_leaves_nothing_and_comes_back(tmp_path: Path) -> None:
    starved = embedded(tmp_path)
    with no_descriptor_left():
        await starved.start()
        await told(starved, "Too many open files")
    await ready(starved)
    assert len(list((tmp_path / "runner").iterdir())) == 1
    await starved.stop()


STOPPED = """
import asyncio, sys
from pathlib import Path
import psutil
from tests.service.runner.test_embedded_shortage import embedded

async def main():
    folder, descriptors = Path(sys.argv[1]), psutil.Process().num_fds()
    for turns in range(8):
        starved = embedded(folder)
        await starved.start()
        for _ in range(turns):
            await asyncio.sleep(0)
        await starved.stop()
    async with asyncio.timeout(20):
        while list((folder / "runner").glob("*")) or psutil.Process().num_fds() > descriptors:
            await asyncio.sleep(0.02)

asyncio.run(main())
"""


async def test_a_start_that_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    """In a process of its own: another runner's descriptors come and go."""
    done = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", STOPPED, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


async def test_a_flow_that_no_template_can_be_made_for_is_unavailable_until_one_can(runner: EmbeddedRunner, tmp_path: Path) -> None:
    hungry = made(tmp_path, "hungry", "return 'x'")
    end = None
    async with asyncio.timeout(20):
        # Something else may give one back in the middle of it.
        while end != Failed("unavailable", "No process can be started: Too many open files."):
            with no_descriptor_left():
                end = (await heard(runner, job(hungry)))[-1]
    assert await text_of(runner, hungry) == "x"


async def test_a_run_that_no_process_can_be_made_for_is_unavailable_until_one_can(runner: EmbeddedRunner, tmp_path: Path) -> None:
    scarce = made(tmp_path, "scarce", "return 'x'")
    assert await text_of(runner, scarce) == "x"
    template = runner._templates[scarce.content_hash]
    process = psutil.Process(template.pid)
    soft, hard = process.rlimit(psutil.RLIMIT_NOFILE)
    process.rlimit(psutil.RLIMIT_NOFILE, (3, hard))
    async with asyncio.timeout(20):
        # The one that waits, and the one that may be on its way, are the last that come.
        while isinstance((end := (await heard(runner, job(scarce)))[-1]), Finished):
            pass
    assert end == Failed("unavailable", "No process can be started: Too many open files.")
    process.rlimit(psutil.RLIMIT_NOFILE, (soft, hard))
    assert await text_of(runner, scarce) == "x"
    assert runner._templates[scarce.content_hash] is template
