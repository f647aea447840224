"""The last weeks of a workspace's credits, as the pages of credits and the overview show them."""

from __future__ import annotations

from datetime import UTC, datetime, time

from backend.gateway.usage import By
from backend.kernel.caller import Caller
from backend.ledger.views import Balance
from cmp_web.state.app_chart import Chart, balances, chart
from cmp_web.state.app_forecast import MONTH, WEEK, Forecast, forecast
from cmp_web.state.services import services


async def burning(caller: Caller, balance: Balance, days: int = WEEK) -> tuple[Chart, Forecast]:
    """days: how far back it is drawn, at most 28."""
    house = services()
    period, now = house.gateway.usage.period(None, None, MONTH), house.clock.now()
    spent = {day: sums.charged for day, sums in (await house.gateway.usage.sums(caller, By.DAY, period)).items()}
    moved = await house.ledger.moved(caller.workspace_id, datetime.combine(period.first, time(), UTC))
    ahead = forecast(list(spent.values()), balance.available, now)
    return chart(balances(balance, spent, moved)[-days:], ahead, balance, now), ahead
