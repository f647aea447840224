"""Every runner, each over what it really talks to: worker processes, an HTTP server that answers as Langflow was heard to, a real Langflow
where there is one, or a runner of ours behind a real server on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr

from backend.runner.embedded import EmbeddedRunner
from backend.runner.flows import FlowFiles
from backend.runner.langflow import LangflowRunner
from backend.runner.ports import Event, FlowRef, Job, Runner
from backend.runner.remote import RemoteRunner
from backend.settings import Settings
from tests.contract.runner import fake_langflow, real_langflow
from tests.contract.runner.fake_langflow import FakeLangflow
from tests.contract.runner.fake_openai import FakeOpenAI
from tests.contract.runner.flows import FLOWS, heard, made
from tests.contract.runner.served import served

RUNNERS = ["embedded", "langflow", "remote", *(["real-langflow"] if real_langflow.URL else [])]


@dataclass
class Stage:
    """One adapter, ready. failing, endless: flows that do just that. session: one that tells its own. llm: what its model flow asks."""

    runner: Runner
    settings: Settings
    llm: FakeOpenAI
    failing: FlowRef
    endless: FlowRef
    session: FlowRef

    async def play(self, job: Job) -> list[Event]:
        return await heard(self.runner, job)


async def ready(runner: Runner) -> None:
    async with asyncio.timeout(60):
        while runner.health():
            await asyncio.sleep(0.02)


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=RUNNERS)
async def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    real = request.param == "real-langflow"
    folder: Path = tmp_path_factory.mktemp("runner")
    failing = made(folder, "failing", 'raise ValueError("the shelf is empty")')
    endless = made(folder, "endless", "import time\nwhile True: time.sleep(0.05)")
    # The component itself is found one frame up.
    session = made(folder, "session", "import sys\nreturn sys._getframe(1).f_locals['self'].graph.session_id")
    given = {"failing": failing.path, "endless": endless.path, "session": session.path, **FLOWS}
    if real:
        await real_langflow.push(given)
    async with FakeOpenAI() as llm, FakeLangflow() as server:
        server.flows |= {"failing": fake_langflow.fails, "endless": fake_langflow.never_ends, "session": fake_langflow.tells_session}
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg]
            data_dir=folder / "var",
            llm_base_url=llm.url,
            llm_api_key=SecretStr("sk-model-of-the-test"),
            llm_model="fake-model-7",
            langflow_url=real_langflow.URL if real else f"{server.url}/",
            langflow_api_key=SecretStr(real_langflow.KEY if real else fake_langflow.KEY),
        )
        async with AsyncExitStack() as behind:
            runner: Runner = LangflowRunner(settings) if "langflow" in request.param else EmbeddedRunner(settings)
            if request.param == "remote":
                url = await behind.enter_async_context(served(runner, FlowFiles(given), settings.secret()))
                runner = RemoteRunner(settings.model_copy(update={"runner_url": url}))
            assert runner.health() == "starting"
            await runner.start()
            await ready(runner)
            yield Stage(runner, settings, llm, failing, endless, session)
            await runner.stop()
            assert runner.health() == "stopped"
