"""The sample agents' own flows on a real worker, over a document that was really read and indexed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import pytest_asyncio

from backend import catalogue
from backend.control_plane.knowledge.service import Knowledge
from backend.db.engine import Database
from backend.durable import Durable
from backend.gateway.service import Gateway
from backend.gateway.views import RunCommand, RunStatus
from backend.kernel.clock import FrozenClock
from backend.runner.embedded import EmbeddedRunner
from backend.settings import Settings
from tests.contract.runner.conftest import ready
from tests.service.gateway.house import House

pytestmark = pytest.mark.asyncio(loop_scope="module")
HANDBOOK = b"# Returns\n\nA lamp may be returned within 45 days of delivery.\n\n# Delivery\n\nDelivery takes three working days.\n"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def runner(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedRunner]:
    """A worker takes seconds to start, and keeps nothing of a run."""
    runner = EmbeddedRunner(Settings(_env_file=None, data_dir=tmp_path_factory.mktemp("runner")))  # type: ignore[call-arg]
    await runner.start()
    await ready(runner)
    yield runner
    await runner.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def real(
    sqlite_url: str, clock: FrozenClock, settings: Settings, runner: EmbeddedRunner, tmp_path: Path
) -> AsyncIterator[tuple[House, Knowledge]]:
    database, durable = Database(sqlite_url), Durable(f"sqlite:///{tmp_path / 'durable.db'}")
    house = House(database, clock, settings)
    town = house.town
    knowledge = Knowledge(database, clock, settings, durable, town.instances)
    house.gateway = Gateway(
        database, clock, house.ledger, town.instances, knowledge, town.conversations, runner, catalogue.load(), settings
    )
    # DBOS puts its own threads in the place of the loop's, and the loop outlives it here.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())
    await durable.start()
    yield house, knowledge
    await house.gateway.stop()
    await durable.stop()
    assert await house.ledger.prove() == []
    await database.dispose()


async def test_the_sample_agent_answers_from_the_document_and_charges_only_for_that(real: tuple[House, Knowledge]) -> None:
    house, knowledge = real
    caller, agent = await house.owner()
    document = await knowledge.add(caller, agent.id, "handbook.md", HANDBOOK)
    async with asyncio.timeout(60):
        while [d.status for d in await knowledge.list(caller, agent.id)] != ["ready"]:
            await asyncio.sleep(0.05)

    known = await house.gateway.run(caller, RunCommand(agent.id, "Within how many days may a lamp be returned?"))
    assert (known.status, known.error_code) == (RunStatus.SUCCEEDED, "")
    assert "45 days" in known.text
    assert [(source.document_id, source.place) for source in known.sources] == [(document.id, "Returns")]
    assert known.receipt is not None
    assert str(known.receipt.charged) == "1"

    unknown = await house.gateway.run(caller, RunCommand(agent.id, "Who won the football world cup in 1954?", known.conversation_id))
    assert (unknown.status, unknown.sources) == (RunStatus.SUCCEEDED, ())
    assert unknown.receipt is not None
    assert str(unknown.receipt.charged) == "0"


@pytest.mark.parametrize("slug", ["customer-support-agent", "knowledge-base-agent"])
async def test_each_suggested_question_is_answered_from_the_samples(real: tuple[House, Knowledge], slug: str) -> None:
    house, _ = real
    product = next(product for product in catalogue.load() if product.slug == slug)
    answered = []
    for question in product.tries:
        events = [event async for event in house.gateway.trial(slug, "visitor", question)]
        assert events[-1].name == "run.completed"
        answered.append(any(event.name == "source" for event in events))
    assert sum(answered) >= 2
