"""The people of the workspace. An account has one workspace of its own so far, so the member there is, is the one who looks."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx

from backend.kernel.caller import Caller
from cmp_web.state.app_base import Loading
from cmp_web.state.services import services
from cmp_web.state.session import signed_in


@dataclass(frozen=True)
class MemberRow:
    name: str
    email: str
    role: str
    you: bool


class Members(Loading, rx.State):
    rows: list[MemberRow] = []

    @rx.event
    @signed_in
    async def load(self, caller: Caller) -> None:
        with self._loading():
            assert caller.account_id, "a session always has an account"
            account = await services().accounts.get(caller.account_id)
            self.rows = [MemberRow(account.name, account.email, caller.role.capitalize(), you=True)]
