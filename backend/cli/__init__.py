"""`cmpctl`: the command line. It reads its words, calls a service and prints; no rules live here."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import asdict

import typer

from backend.cli.books import ledger, receipts
from backend.cli.keys import keys
from backend.cli.orders import books, reconcile
from backend.cli.running import AsJson, quiet, show, with_services, with_system
from backend.cli.saleor import saleor
from backend.container import Services
from backend.db.migrate import upgrade
from backend.operator.doctor.schemas import Finding, Level
from backend.serving import CannotServe, serve_gateway, serve_runner, serve_web
from backend.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Runs and looks after a marketplace of AI agents.")
app.add_typer(keys, name="keys")
app.add_typer(ledger, name="ledger")
app.add_typer(receipts, name="receipts")
app.add_typer(saleor, name="saleor")
app.command()(reconcile)
app.command()(books)


@app.command()
def serve() -> None:
    """Serve the whole marketplace in this process, on one port."""
    _serve(serve_web)


@app.command()
def gateway() -> None:
    """Serve the backend alone, without the pages: runs, the API, webhooks."""
    _serve(serve_gateway)


@app.command()
def runner() -> None:
    """Run agents for a gateway in another process, which finds this one by CMP_RUNNER_URL."""
    _serve(serve_runner)


def _serve(role: Callable[[Settings], None]) -> None:
    try:
        role(Settings())
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
    with_system(lambda system: system.prepare())
    typer.echo("Seeded.")


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check every configured part and say the fix; changes and starts nothing. Exit code 1 when one fails."""

    async def examine(services: Services) -> list[Finding]:
        doctor = services.doctor()
        try:
            return await doctor.examine()
        finally:
            await doctor.close()

    with quiet():
        findings = with_services(examine, migrate=False)
    failed = any(finding.level is Level.FAIL for finding in findings)
    lines: list[str] = []
    for found in findings:
        lines += [f"{found.level:<4} {found.check}: {found.seen}", f"       {found.fix}" if found.fix else ""]
    show(as_json, {"ok": not failed, "checks": [asdict(finding) for finding in findings]}, lines)
    raise typer.Exit(1 if failed else 0)


def main() -> None:
    # A pipe that closes early (`cmpctl … | head`) is not an error.
    try:
        app()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
