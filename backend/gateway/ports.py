"""What the gateway needs of the rooms below it, and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

from backend.control_plane.conversations import Turn
from backend.control_plane.instances import InstanceView
from backend.control_plane.knowledge.views import Passage
from backend.kernel.caller import Caller
from backend.kernel.ids import ConversationId, InstanceId


class Instances(Protocol):
    async def ready(self, caller: Caller, instance_id: str) -> InstanceView:
        """The instance as it was at most a moment ago. Raises NotFound for one that is unknown or not the caller's to use."""
        ...

    async def find(self, instance_id: str) -> InstanceView | None: ...


class Knowledge(Protocol):
    async def search(self, instance_id: InstanceId, query: str, limit: int = 6) -> Sequence[Passage]:
        """The passages that say most about `query`, best first."""
        ...


class Conversations(Protocol):
    async def open(self, caller: Caller, instance_id: InstanceId, conversation_id: str | None = None) -> ConversationId:
        """The conversation to go on with, or a new one. Raises NotFound for someone else's."""
        ...

    async def adopt(self, caller: Caller, instance_id: InstanceId, conversation_id: ConversationId) -> None:
        """Make a conversation of the caller's that goes by this id."""
        ...

    async def history(self, conversation_id: str, limit: int = 20, *, before: str = "") -> Sequence[Turn]: ...

    async def append(
        self,
        conversation_id: str,
        role: Literal["user", "agent"],
        text: str,
        run_id: str | None = None,
        sources: Sequence[Mapping[str, Any]] = (),
        *,
        at: datetime | None = None,
    ) -> None:
        """Write down one side of a turn, said now or `at` a moment before; the same run's side is written once."""
        ...


class Outbox(Protocol):
    """Tells the workspace's own servers what happened: a row of `webhook_event`, in the transaction of its cause."""

    def wanted(self, workspace_id: str, kind: str) -> bool:
        """From memory, at once."""
        ...

    def event_values(self, workspace_id: str, kind: str, data: Mapping[str, Any], now: datetime) -> dict[str, str | int]:
        """The row's columns."""
        ...

    def wake(self) -> None:
        """Such a row was committed."""
        ...
