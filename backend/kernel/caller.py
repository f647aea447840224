"""Who is asking. Built at a door (cookie, API key or widget token), carried by value, and never trusted from the outside."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from backend.kernel.ids import AccountId, InstanceId, KeyId, WidgetId, WorkspaceId
from backend.kernel.money import Credits


class Role(StrEnum):
    """A member's place in a workspace, strongest first."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"


_RANK = {Role.OWNER: 3, Role.ADMIN: 2, Role.MEMBER: 1, Role.VIEWER: 0}


class Door(StrEnum):
    """The way a caller came in."""

    WORKSPACE = "workspace"
    API = "api"
    WIDGET = "widget"


@dataclass(frozen=True, slots=True)
class Budget:
    """The most a subject may spend in one UTC day or calendar month. subject: such as `key:key_01…`, `widget:wid_01…`, `member:acc_01…`
    or `workspace:ws_01…`."""

    subject: str
    period: Literal["day", "month"]
    limit: Credits


@dataclass(frozen=True, slots=True)
class Caller:
    """workspace_id: the one workspace this caller may touch. instances: when set, the only instances it may use."""

    door: Door
    workspace_id: WorkspaceId
    role: Role
    account_id: AccountId | None = None
    email: str = ""
    key_id: KeyId | None = None
    widget_id: WidgetId | None = None
    session_id: str = ""
    """For a widget caller: the visitor's conversation, named by us."""
    instances: frozenset[InstanceId] | None = None
    operator: bool = False
    budgets: tuple[Budget, ...] = ()
    """Every one of them is kept by each run of this caller."""

    def at_least(self, role: Role) -> bool:
        return _RANK[self.role] >= _RANK[role]

    def may_use(self, instance_id: InstanceId) -> bool:
        return self.instances is None or instance_id in self.instances
