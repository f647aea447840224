"""The workspace around every page: whose it is, what is left, how many agents it has."""

from __future__ import annotations

import reflex as rx

from backend.kernel.caller import Caller
from cmp_web.state.app_rows import share
from cmp_web.state.services import services
from cmp_web.state.session import signed_in


class Workspace(rx.State):
    """available, balance, held: credits as decimal text. left: per cent of what the open lots brought that is still there.

    low: whether the balance is at or below a threshold at which the workspace is told.
    """

    known: bool = False
    name: str = ""
    email: str = ""
    person: str = ""
    role: str = ""
    available: str = ""
    balance: str = ""
    held: str = ""
    left: int = 0
    empty: bool = False
    low: bool = False
    agents: int = 0
    operator: bool = False

    @rx.event
    @signed_in
    async def load(self, caller: Caller) -> None:
        await self._look(caller)

    async def _look(self, caller: Caller) -> None:
        """Ask again for what the bars show."""
        house = services()
        self.email, self.role, self.operator = caller.email, caller.role, caller.operator
        if caller.account_id:
            self.person = (await house.accounts.get(caller.account_id)).name
            mine = await house.workspaces.of(caller.account_id)
            self.name = next((m.workspace.name for m in mine if m.workspace.id == caller.workspace_id), "")
        self.agents = len(await house.instances.list(caller))
        await self._count(caller)
        self.known = True

    async def _count(self, caller: Caller) -> None:
        ledger = services().ledger
        now, lots = await ledger.balance(caller.workspace_id), await ledger.lots_at_a_glance(caller.workspace_id, 0)
        self.available, self.balance, self.held = str(now.available), str(now.balance), str(now.held)
        self.low = await services().proofs.alerts.standing(caller.workspace_id) is not None
        self.left, self.empty = share(now.available.micro, lots.granted.micro), now.available.micro <= 0


async def recount(state: rx.State, caller: Caller) -> None:
    """After something was spent: the credits in the bars are asked for again. `state` must be open for writing."""
    workspace = await state.get_state(Workspace)
    await workspace._count(caller)
