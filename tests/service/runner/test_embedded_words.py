"""What a flow's processes say for themselves: flow code can write there too, and nothing it writes raises, or ends another's run."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.runner import ports
from backend.runner.embedded import EmbeddedRunner
from backend.runner.ports import Failed
from tests.contract.runner.flows import heard, job, made
from tests.service.runner.test_embedded_isolation import runner

__all__ = ["runner"]
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_long_answer_that_comes_whole_is_stopped_at_the_bound(
    runner: EmbeddedRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "LONGEST", 4)
    assert await heard(runner, job(made(tmp_path, "whole", "return 'Hello'"))) == [
        Failed("flow_failed", "The flow's answer is longer than 4 characters.")
    ]
