"""`cmpctl`: the command line. It reads its words, calls a service and prints; no rules live here."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import re
import sys
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from backend.container import Services
from backend.db.migrate import upgrade
from backend.kernel.errors import DomainError
from backend.main import System, assemble
from backend.provisioner.desk import Report
from backend.serving import CannotServe, serve_web
from backend.settings import Settings

T = TypeVar("T")
app = typer.Typer(no_args_is_help=True, add_completion=False, help="Runs and looks after a marketplace of AI agents.")
keys = typer.Typer(no_args_is_help=True, help="API keys.")
ledger = typer.Typer(no_args_is_help=True, help="The credit ledger.")
app.add_typer(keys, name="keys")
app.add_typer(ledger, name="ledger")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]


@app.command()
def serve() -> None:
    """Serve the whole marketplace in this process, on one port."""
    try:
        serve_web(Settings())
    except CannotServe as fault:
        typer.secho(str(fault), err=True, fg="red")
        raise typer.Exit(1) from None


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    settings = Settings()
    upgrade(settings.database)
    typer.echo("The database is up to date.")


@app.command()
def seed() -> None:
    """Make the shop, the offerings and the demo account; safe to repeat."""
    _with_system(lambda system: system.prepare())
    typer.echo("Seeded.")


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check every configured part and say the fix."""

    async def look(system: System) -> dict[str, str]:
        await system.start()
        return await system.readiness()

    parts = _with_system(look)
    _print(as_json, parts, [f"{'ok  ' if not fault else 'FAIL'} {part}{': ' + fault if fault else ''}" for part, fault in parts.items()])
    raise typer.Exit(1 if any(parts.values()) else 0)


@app.command()
def reconcile(
    since: Annotated[str, typer.Option(help="From when on: 48h, 3d, or a moment such as 2026-11-20T00:00.")] = "48h",
    since_hours: Annotated[float | None, typer.Option(help="The same in hours.")] = None,
    as_json: AsJson = False,
) -> None:
    """Start the provisioning of every fully paid order that never arrived, and report what was given without a paid order."""

    async def run(system: System) -> Report:
        await system.start()
        services = system.services
        return await services.reconciler.reconcile(_moment(f"{since_hours}h" if since_hours is not None else since, services.clock.now()))

    report = _with_system(run)
    said = [f"{len(report.taken_up)} orders taken up, of {report.looked_at} looked at.", *report.taken_up]
    _print(as_json, dataclasses.asdict(report) | {"at": report.at.isoformat()}, [*said, *_without_order(report)])


@app.command()
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

    faults = _with_services(run)
    for fault in faults:
        typer.secho(fault, err=True, fg="red")
    if check and not faults:
        typer.secho("The books match the ledger and Saleor.", err=True)
    raise typer.Exit(1 if faults else 0)


def _without_order(report: Report) -> list[str]:
    return [f"given without a paid order: {ref}" for ref in report.without_order]


def _moment(text: str, now: datetime) -> datetime:
    """`48h`, `3d`, or an ISO 8601 moment, which is UTC when it names no zone. Raises typer.BadParameter."""
    if span := re.fullmatch(r"(\d+(?:\.\d+)?)([hd])", text):
        return now - timedelta(hours=float(span[1]) * (24 if span[2] == "d" else 1))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no moment: say 48h, 3d, or 2026-11-20T00:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@ledger.command("prove")
def prove(as_json: AsJson = False) -> None:
    """Prove every balance against the entries. Exit code 1 when one does not hold."""
    faults = _with_services(lambda services: services.ledger.prove())
    _print(as_json, {"faults": faults}, [*faults, "The ledger is proven." if not faults else f"{len(faults)} faults."])
    raise typer.Exit(1 if faults else 0)


@keys.command("create")
def create_key(
    email: Annotated[str, typer.Option(help="Whose workspace the key opens.")],
    name: Annotated[str, typer.Option(help="What the key is for.")],
    as_json: AsJson = False,
) -> None:
    """Make an API key. The secret is printed once and cannot be shown again."""

    async def create(services: Services) -> tuple[str, str]:
        account = await services.accounts.by_email(email)
        if account is None:
            raise typer.BadParameter(f"nobody has the e-mail {email}")
        [membership, *_] = await services.workspaces.of(account.id)
        made = await services.keys.create(membership.workspace.id, account.id, name)
        return str(made.view.id), made.secret

    key_id, secret = _with_services(create)
    _print(as_json, {"id": key_id, "secret": secret}, [f"{key_id}", secret])


def _with_services(use: Callable[[Services], Awaitable[T]]) -> T:
    return _with_system(lambda system: use(system.services))


def _with_system(use: Callable[[System], Awaitable[T]]) -> T:
    async def run() -> T:
        system = assemble(Settings())
        upgrade(system.services.settings.database)
        try:
            return await use(system)
        finally:
            await system.stop()

    try:
        return asyncio.run(run())
    except DomainError as fault:
        typer.secho(fault.detail, err=True, fg="red")
        raise typer.Exit(1) from None


def _print(as_json: bool, data: object, lines: list[str]) -> None:
    typer.echo(json.dumps(data, indent=2) if as_json else "\n".join(line for line in lines if line))


def main() -> None:
    # A pipe that closes early (`cmpctl … | head`) is not an error.
    try:
        app()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


if __name__ == "__main__":
    main()
