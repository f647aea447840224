"""API keys: made, shown once, revoked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from backend.identity.keys import KeyView
from backend.kernel.caller import Caller, Role
from backend.kernel.errors import DomainError, Invalid
from backend.kernel.ids import KeyId
from cmp_web.state.app_base import Loading, need
from cmp_web.state.app_rows import stamp
from cmp_web.state.services import services
from cmp_web.state.session import signed_in

REFUSED = "Keys are for owners and admins. You can run agents here; for a key, ask an owner of the workspace."


@dataclass(frozen=True)
class KeyRow:
    """used: ISO 8601, "" for never."""

    id: str
    name: str
    prefix: str
    created: str
    used: str


class Keys(Loading, rx.State):
    """secret: the new key, shown until the member has kept it; it never leaves this tab's State and is not stored."""

    rows: list[KeyRow] = []
    secret: str = ""
    secret_name: str = ""
    name_fault: str = ""
    problem: str = ""

    @rx.event
    @signed_in
    async def load(self, caller: Caller) -> None:
        self.secret = self.name_fault = self.problem = ""
        with self._loading():
            need(caller, Role.ADMIN, REFUSED)
            await self._list(caller)

    @rx.event
    @signed_in
    async def create(self, caller: Caller, form: dict[str, Any]) -> Any:
        self.name_fault = self.problem = ""
        try:
            need(caller, Role.ADMIN, REFUSED)
            made = await services().keys.create(caller.workspace_id, caller.account_id, str(form.get("key-name", "")))
        except Invalid as error:
            self.name_fault = error.fields.get("name", error.detail)
            return None
        except DomainError as error:
            self.problem = error.detail
            return None
        self.secret, self.secret_name = made.secret, made.view.name
        await self._list(caller)
        return rx.set_value("key-name", "")

    @rx.event
    @signed_in
    async def kept(self, caller: Caller) -> None:
        self.secret = self.secret_name = ""

    @rx.event
    @signed_in
    async def revoke(self, caller: Caller, key_id: str) -> None:
        self.problem = ""
        try:
            need(caller, Role.ADMIN, REFUSED)
            await services().keys.revoke(caller.workspace_id, KeyId(key_id))
        except DomainError as error:
            self.problem = error.detail
        await self._list(caller)

    async def _list(self, caller: Caller) -> None:
        self.rows = [_row(view) for view in await services().keys.list(caller.workspace_id) if not view.revoked]


def _row(view: KeyView) -> KeyRow:
    used = stamp(view.last_used_at) if view.last_used_at else ""
    return KeyRow(view.id, view.name, f"{view.prefix}…", stamp(view.created_at), used)
