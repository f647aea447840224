"""`cmpctl reconcile` and `cmpctl books`: the orders of the shop against what was given for them."""

from __future__ import annotations

import dataclasses
import re
import sys
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from backend.cli.running import AsJson, show, with_services
from backend.container import Services
from backend.provisioner.desk import Report


def reconcile(
    since: Annotated[str, typer.Option(help="From when on: 48h, 3d, or a moment such as 2026-11-20T00:00.")] = "48h",
    since_hours: Annotated[float | None, typer.Option(help="The same in hours.")] = None,
    as_json: AsJson = False,
) -> None:
    """Take up every fully paid order that never arrived, and report what was given without a paid order.

    The running server works on what is taken up; without one, the next start does.
    """

    async def run(services: Services) -> Report:
        await services.durable.join()
        return await services.reconciler.reconcile(_moment(f"{since_hours}h" if since_hours is not None else since, services.clock.now()))

    report = with_services(run)
    said = [f"{len(report.taken_up)} orders taken up, of {report.looked_at} looked at.", *report.taken_up]
    missing = [f"given without a paid order: {ref}" for ref in report.without_order]
    show(as_json, dataclasses.asdict(report) | {"at": report.at.isoformat()}, [*said, *missing])


def books(
    since: Annotated[str, typer.Option(help="From when on: 48h, 3d, or a moment such as 2026-11-20T00:00. All when left out.")] = "",
    out: Annotated[Path | None, typer.Option(help="The file to write; standard output when left out.")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Hold every sum against the ledger and Saleor; exit code 1 when one differs.")
    ] = False,
) -> None:
    """Every order, line, unit, lot and debit as CSV, with their sums."""

    async def run(services: Services) -> list[str]:
        start = _moment(since, services.clock.now()) if since else None
        with out.open("w", encoding="utf-8", newline="") if out else nullcontext(sys.stdout) as file:
            async for line in services.books.lines(start):
                file.write(line)
        return await services.books.check(start) if check else []

    faults = with_services(run)
    for fault in faults:
        typer.secho(fault, err=True, fg="red")
    if check and not faults:
        typer.secho("The books match the ledger and Saleor.", err=True)
    raise typer.Exit(1 if faults else 0)


def _moment(text: str, now: datetime) -> datetime:
    """`48h`, `3d`, or an ISO 8601 moment, which is UTC when it names no zone. Raises typer.BadParameter."""
    if span := re.fullmatch(r"(\d+(?:\.\d+)?)([hd])", text):
        return now - timedelta(hours=float(span[1]) * (24 if span[2] == "d" else 1))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no moment: say 48h, 3d, or 2026-11-20T00:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
