"""What every command does: build the system, use it, stop it, and say a fault in words."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, TypeVar

import typer

from backend.container import Services
from backend.db.migrate import upgrade
from backend.kernel.errors import DomainError
from backend.main import System, assemble
from backend.settings import Settings

T = TypeVar("T")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]


def with_services(use: Callable[[Services], Awaitable[T]], settings: Settings | None = None, *, migrate: bool = True) -> T:
    return with_system(lambda system: use(system.services), settings, migrate=migrate)


def with_system(use: Callable[[System], Awaitable[T]], settings: Settings | None = None, *, migrate: bool = True) -> T:
    """migrate: bring the database up to date first; not for a command that only looks."""

    async def run() -> T:
        system = assemble(settings or Settings())
        if migrate:
            upgrade(system.services.settings.database)
        try:
            return await use(system)
        finally:
            await system.stop()

    with faults_in_words():
        return asyncio.run(run())


@contextmanager
def faults_in_words() -> Iterator[None]:
    """A fault that can be acted on is said on standard error, and the command ends with 1."""
    try:
        yield
    except DomainError as fault:
        typer.secho(fault.detail, err=True, fg="red")
        raise typer.Exit(1) from None


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what the shop's client logs off the terminal, for commands that say the same in words."""
    silence, log = logging.NullHandler(), logging.getLogger("backend.commerce")
    log.addHandler(silence)
    try:
        yield
    finally:
        log.removeHandler(silence)


def show(as_json: bool, data: object, lines: list[str]) -> None:
    typer.echo(json.dumps(data, indent=2) if as_json else "\n".join(line for line in lines if line))
