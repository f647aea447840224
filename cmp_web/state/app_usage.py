"""What runs come to, by day, agent, owner and door. The days, the agent and the measure are in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import reflex as rx

from backend.gateway.usage import By, Period, Sums, total
from backend.kernel.caller import Caller
from backend.kernel.money import MICRO
from cmp_web import routes
from cmp_web.state import words
from cmp_web.state.app_base import Loading
from cmp_web.state.app_owners import owner_names
from cmp_web.state.app_plots import Columns, columns, strokes
from cmp_web.state.app_rows import DOORS, share
from cmp_web.state.services import services
from cmp_web.state.session import signed_in

SPANS, SHOWN = ("7", "28", "90"), {"credits": "Credits", "runs": "Runs"}
MOST = 50
"""Rows of one table."""


@dataclass(frozen=True)
class UsageRow:
    """strokes: its days, drawn. part: per cent of the whole. href: its runs, "" where no filter shows them alone."""

    name: str
    runs: str
    answered: str
    charged: str
    strokes: str
    days: str
    part: int
    href: str


@dataclass(frozen=True)
class UsageSums:
    """answered: per cent, with its sign; "" without runs. pace: seconds of a run, "" without one."""

    runs: str = "0"
    charged: str = "0"
    answered: str = ""
    failed: str = "0"
    tokens: str = "0"
    pace: str = ""


@dataclass(frozen=True)
class Step:
    words: str
    href: str
    here: bool


class Usage(Loading, rx.State):
    """spans, measures: the choices beside the plot."""

    sums: UsageSums = UsageSums()
    plot: Columns = Columns()
    agents: list[UsageRow] = []
    owners: list[UsageRow] = []
    doors: list[UsageRow] = []
    spans: list[Step] = []
    measures: list[Step] = []
    measure: str = "credits"
    agent: str = ""
    days: str = ""

    @rx.event
    @signed_in
    async def load(self, caller: Caller) -> None:
        with self._loading():
            wanted = self._asked()
            period = replace(services().gateway.usage.period(None, None, int(wanted["days"])), instance_id=wanted["agent"] or None)
            self.agent, self.days, self.measure = wanted["agent"], wanted["days"], wanted["show"]
            self.spans = [Step(f"{n} days", _address(wanted, days=n), n == wanted["days"]) for n in SPANS]
            self.measures = [Step(said, _address(wanted, show=name), name == wanted["show"]) for name, said in SHOWN.items()]
            await self._fill(caller, period)

    @rx.event
    @signed_in
    async def choose_agent(self, caller: Caller, agent: str) -> Any:
        return rx.redirect(_address(self._asked(), agent=agent), replace=True)

    def _asked(self) -> dict[str, str]:
        given = self.router.url.query_parameters
        days, show = given.get("days", ""), given.get("show", "")
        days, show = days if days in SPANS else "28", show if show in SHOWN else "credits"
        return {"days": days, "show": show, "agent": given.get("agent", "")[:64]}

    async def _fill(self, caller: Caller, period: Period) -> None:
        usage = services().gateway.usage
        by_day = await usage.sums(caller, By.DAY, period)
        self.sums = sums_row(total(by_day.values()))
        self.plot = columns({day: measured(sums, self.measure) for day, sums in by_day.items()}, SHOWN[self.measure].lower())
        named = {view.id: view.name for view in await services().instances.list(caller)}
        crossed = {by: await usage.crossed(caller, by, By.DAY, period) for by in (By.AGENT, By.OWNER, By.DOOR)}
        runs = {"when": self.days if self.days in {"7", "28"} else "", "agent": self.agent}
        owners = await owner_names(caller, period)
        self.agents = self._rows(crossed[By.AGENT], period, named, runs, "agent")
        self.owners = self._rows(crossed[By.OWNER], period, owners, runs, "owner")
        self.doors = self._rows(crossed[By.DOOR], period, DOORS, runs, "door")

    def _rows(
        self, found: Mapping[str, Mapping[str, Sums]], period: Period, named: Mapping[str, str], runs: dict[str, str], name: str
    ) -> list[UsageRow]:
        """The most first, and no more than `MOST`."""
        whole = {key: total(days.values()) for key, days in found.items()}
        order = sorted(found, key=lambda key: (-measured(whole[key], self.measure), -whole[key].runs, named.get(key, key)))
        most = max([measured(sums, self.measure) for days in found.values() for sums in days.values()], default=0)
        all_of_it = sum(measured(sums, self.measure) for sums in whole.values())
        rows, unit = [], SHOWN[self.measure].lower()
        for key in order[:MOST]:
            values = [measured(found[key].get(day, Sums()), self.measure) for day in period.days]
            busy = sum(1 for value in values if value)
            rows.append(
                UsageRow(
                    name=named.get(key, "A former agent" if name == "agent" else key),
                    runs=f"{whole[key].runs:,}",
                    answered=answered(whole[key]),
                    charged=words.number(measured(whole[key], "credits")),
                    strokes=strokes(values, most),
                    days=f"On {words.count(busy, 'day')} of {len(values)}, at most {words.number(max(values))} {unit} a day",
                    part=share(round(measured(whole[key], self.measure) * MICRO), round(all_of_it * MICRO)),
                    href=routes.with_query(routes.APP_RUNS, **(runs | {name: key})),
                )
            )
        return rows


def measured(sums: Sums, measure: str) -> float:
    return sums.charged.micro / MICRO if measure == "credits" else sums.runs


def answered(sums: Sums) -> str:
    return f"{share(sums.succeeded, sums.runs)}%" if sums.runs else ""


def sums_row(sums: Sums) -> UsageSums:
    return UsageSums(
        runs=f"{sums.runs:,}",
        charged=str(sums.charged),
        answered=answered(sums),
        failed=f"{sums.failed:,}",
        tokens=f"{sums.tokens:,}",
        pace=f"{sums.duration_ms / sums.runs / 1000:.1f} s" if sums.runs else "",
    )


def _address(wanted: dict[str, str], **changes: str) -> str:
    kept = wanted | changes
    plain = {"days": "28", "show": "credits"}
    return routes.with_query(routes.APP_USAGE, **{name: "" if plain.get(name) == value else value for name, value in kept.items()})
