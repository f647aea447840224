"""What a flow's processes say for themselves: flow code can write there too, and nothing it writes raises, or ends another's run."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from backend.runner import ports
from backend.runner.embedded import EmbeddedRunner
from backend.runner.ports import Failed, Finished
from tests.contract.runner.flows import flow, heard, job, made
from tests.service.runner.test_embedded_isolation import CRASHED, WRITE, runner, text_of

__all__ = ["runner"]
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_long_answer_that_comes_whole_is_stopped_at_the_bound(
    runner: EmbeddedRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "LONGEST", 4)
    assert await heard(runner, job(made(tmp_path, "whole", "return 'Hello'"))) == [
        Failed("flow_failed", "The flow's answer is longer than 4 characters.")
    ]


@pytest.mark.parametrize(
    "line",
    [
        'b\'{"done": "x", "usage": []}\\n\'',
        'b\'{"done": "x", "usage": {"a": 1e999}}\\n\'',
        'b\'{"done": "x", "usage": {"a": -1}}\\n\'',
        'b\'{"done": "x", "usage": {"a": \' + b"9" * 4000 + b\'}}\\n\'',
        "b'[' * 100000 + b'\\n'",
    ],
    ids=["list", "infinity", "negative", "endless", "deep"],
)
async def test_what_a_run_says_for_its_process_never_raises(runner: EmbeddedRunner, tmp_path: Path, line: str) -> None:
    spoils = made(tmp_path, "spoils", WRITE.format(line=line, more="False"))
    assert await heard(runner, job(spoils)) == [Failed("crashed", "What the flow's process said cannot be read.")]


TELL = """
import os, socket, threading, time

def tell(words, *sockets):
    for n in range(3, 40):
        try:
            socket.send_fds(socket.socket(fileno=os.dup(n)), [words], [one.detach() for one in sockets])
        except OSError:
            pass

def pair():
    return socket.socketpair()[1]

"""
READY = 'b\'{"ready": 1, "open": []}\\n'


@pytest.mark.parametrize(
    "said",
    [
        READY + '{"run": 1000000000000}\\n\', pair()',
        READY + '{"run": 0}\\n\', pair()',
        READY + '{"run": -1}\\n\', pair()',
        READY + '{"run": 1e999}\\n\', pair()',
        READY + '{"run": 4194304}\\n\', socket.socket(socket.AF_INET, socket.SOCK_DGRAM)',
        READY + "' + b'[' * 100000 + b'\\n'",
        READY + "', *[pair() for _ in range(9)]",
    ],
    ids=["large", "zero", "negative", "infinity", "another-socket", "deep", "descriptors"],
)
async def test_what_a_template_says_for_itself_never_raises_and_is_its_end(runner: EmbeddedRunner, tmp_path: Path, said: str) -> None:
    spoils = made(tmp_path, "says", "return 'x'", module=f"{TELL}EARLY = tell({said}), time.sleep(2)")
    assert await heard(runner, job(spoils, timeout=20.0)) == CRASHED
    assert not runner._templates[spoils.content_hash].alive
    assert isinstance((await heard(runner, job(flow())))[-1], Finished)


async def test_a_process_that_nobody_asked_for_is_its_templates_end(runner: EmbeddedRunner, tmp_path: Path) -> None:
    module = f"""{TELL}
def later():
    time.sleep(2)
    for _ in range(9):
        tell(b'{{"run": 4194304}}\\n', pair())

EARLY = threading.Thread(target=later, daemon=True).start()
"""
    swarms = made(tmp_path, "swarms", "return 'x'", module=module)
    assert await text_of(runner, swarms) == "x"
    template = runner._templates[swarms.content_hash]
    async with asyncio.timeout(20):
        while template.alive:
            await asyncio.sleep(0.02)
