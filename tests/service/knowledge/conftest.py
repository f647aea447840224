"""Knowledge on a real database with real durable work, over a workspace that owns one instance."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from backend.catalogue import Terms
from backend.control_plane.knowledge.service import Knowledge
from backend.control_plane.knowledge.views import DocumentView
from backend.db.engine import Database
from backend.durable import Durable
from backend.kernel.caller import Caller, Door, Role
from backend.kernel.clock import FrozenClock
from backend.kernel.errors import NotFound
from backend.kernel.ids import InstanceId, WorkspaceId
from backend.kernel.money import Credits
from backend.settings import Settings

MINE = InstanceId("inst_01MINE")
OTHER = InstanceId("inst_01OTHER")
ME = Caller(Door.WORKSPACE, WorkspaceId("ws_me"), Role.OWNER)


def terms(knowledge: int) -> Terms:
    return Terms(Credits.of(50), Credits.of(2), knowledge, widgets=1, rest=True, mcp=False, rpm=30)


@dataclass(frozen=True)
class Owned:
    id: InstanceId
    terms: Terms


class Ownership:
    """Instances by the workspace that owns them: the part of the control plane that knowledge asks."""

    def __init__(self) -> None:
        self.of = {MINE: "ws_me", OTHER: "ws_me", InstanceId("inst_01THEIRS"): "ws_them"}
        self.room = 1024 * 1024

    async def get(self, caller: Caller, instance_id: InstanceId, /) -> Owned:
        if self.of.get(instance_id) != caller.workspace_id:
            raise NotFound("There is no such agent.")
        return Owned(instance_id, terms(self.room))


@pytest.fixture
def instances() -> Ownership:
    return Ownership()


@pytest.fixture
async def knowledge(
    database: Database, clock: FrozenClock, settings: Settings, instances: Ownership, tmp_path: Path
) -> AsyncIterator[Knowledge]:
    durable = Durable(f"sqlite:///{tmp_path / 'durable.db'}")
    made = Knowledge(database, clock, settings, durable, instances)
    await durable.start()
    yield made
    await durable.stop()


Indexed = Callable[..., Awaitable[DocumentView]]


@pytest.fixture
def indexed(knowledge: Knowledge, database: Database) -> Indexed:
    """Add a document and wait until its indexing has ended, well or badly."""

    async def add(name: str, data: bytes | str, instance: InstanceId = MINE) -> DocumentView:
        body = data.encode() if isinstance(data, str) else data
        view = await knowledge.add(ME, instance, name, body)
        await knowledge._durable.wait(f"knowledge-{view.id}")
        return next(found for found in await knowledge.list(ME, instance) if found.id == view.id)

    return add
