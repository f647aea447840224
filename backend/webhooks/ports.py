"""What webhooks need from other rooms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from backend.kernel.ids import WorkspaceId

Admins = Callable[[WorkspaceId], Awaitable[Sequence[str]]]
"""The e-mail addresses of a workspace's owners and admins."""

Content = Callable[[WorkspaceId, str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
"""What an endpoint that asked for contents is sent beside an event's data: given the event's type and data."""


async def no_content(_workspace_id: WorkspaceId, _kind: str, _data: Mapping[str, Any]) -> Mapping[str, Any]:
    return {}
