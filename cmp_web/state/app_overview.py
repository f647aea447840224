"""The first page of the workspace: credits, agents, the last runs, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx

from backend.control_plane.instances import InstanceView
from backend.gateway.usage import By, total
from backend.gateway.views import RunFilter
from backend.kernel.caller import Caller
from cmp_web import routes
from cmp_web.state.app_base import Loading
from cmp_web.state.app_burning import burning
from cmp_web.state.app_chart import Chart
from cmp_web.state.app_forecast import WEEK, Forecast
from cmp_web.state.app_rows import AgentRow, RunRow, agent_row
from cmp_web.state.app_run_rows import run_row
from cmp_web.state.app_usage import UsageSums, sums_row
from cmp_web.state.app_workspace import Workspace
from cmp_web.state.services import services
from cmp_web.state.session import signed_in

LAST = 6


@dataclass(frozen=True)
class StepRow:
    """href: "" while an earlier step has to be done first."""

    label: str
    href: str
    done: bool


class Overview(Loading, rx.State):
    agents: list[AgentRow] = []
    runs: list[RunRow] = []
    steps: list[StepRow] = []
    done: int = 0
    chart: Chart = Chart()
    ahead: Forecast = Forecast()
    week: UsageSums = UsageSums()
    today: str = ""

    @rx.event
    @signed_in
    async def load(self, caller: Caller) -> None:
        with self._loading():
            house = services()
            await (await self.get_state(Workspace))._look(caller)
            agents = await house.instances.list(caller)
            runs = (await house.gateway.runs(caller, RunFilter(limit=LAST))).items
            self.agents, self.runs = [agent_row(view) for view in agents], [run_row(view) for view in runs]
            self.steps = await _steps(caller, agents, ran=bool(runs))
            self.done = sum(step.done for step in self.steps)
            self.chart, self.ahead = await burning(caller, await house.ledger.balance(caller.workspace_id))
            week = await house.gateway.usage.sums(caller, By.DAY, house.gateway.usage.period(None, None, WEEK))
            self.week = sums_row(total(week.values()))
            self.today = house.clock.now().isoformat()


async def _steps(caller: Caller, agents: list[InstanceView], *, ran: bool) -> list[StepRow]:
    """The way from an empty workspace to an agent on a website; a step is done when the thing itself is there."""
    house = services()
    first = routes.agent(agents[0].id) if agents else ""
    read = [view for view in agents if await house.knowledge.list(caller, view.id)]
    placed = [view for view in agents if (await house.widgets.settings(caller, view.id)).allowed_origins]
    return [
        StepRow("Buy an agent", routes.MARKETPLACE, bool(agents)),
        StepRow("Add documents", first and f"{first}/knowledge", bool(read)),
        StepRow("Ask it something", first, ran),
        StepRow("Place the widget", first and f"{first}/widget", bool(placed)),
    ]
