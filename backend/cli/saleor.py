"""`cmpctl saleor …`: the Saleor this marketplace sells in."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from backend.cli.running import AsJson, faults_in_words, quiet, show, with_services
from backend.container import Services
from backend.kernel.errors import Invalid
from backend.operator.admin import Credentials, api_url
from backend.operator.console import progress
from backend.operator.setup.advice import advice
from backend.operator.setup.schemas import Step
from backend.operator.setup.service import Stopped
from backend.settings import Settings

saleor = typer.Typer(no_args_is_help=True, help="The Saleor this marketplace sells in.")


@saleor.callback()
def _group() -> None:
    """The Saleor this marketplace sells in."""


@saleor.command("setup")
def setup(
    url: Annotated[str, typer.Option(help="Saleor's GraphQL address, as in https://shop.example.com/graphql/")],
    email: Annotated[str, typer.Option(envvar="CMP_SALEOR_ADMIN_EMAIL", help="A staff account of that Saleor.")] = "",
    password: Annotated[str, typer.Option(envvar="CMP_SALEOR_ADMIN_PASSWORD", help="Asked for when left out on a terminal.")] = "",
    token: Annotated[str, typer.Option(envvar="CMP_SALEOR_ADMIN_TOKEN", help="A token, in place of e-mail and password.")] = "",
    channel: Annotated[str, typer.Option(help="Slug of the channel to sell in; CMP_SALEOR_CHANNEL when left out.")] = "",
    currency: Annotated[str, typer.Option(help="Of the channel, ISO 4217. The catalogue's figures are taken as they stand.")] = "USD",
    country: Annotated[str, typer.Option(help="Of a channel that has to be made, ISO 3166-1 alpha-2.")] = "US",
    public_url: Annotated[str, typer.Option(help="Where Saleor reaches this marketplace; CMP_PUBLIC_URL when left out.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make in a Saleor what is needed to sell: channel, stock, products, prices, the app and its webhooks. Safe to repeat."""
    before = Settings()
    with faults_in_words():
        given = {
            "saleor_api_url": api_url(url),
            "saleor_channel": channel or before.saleor_channel,
            "public_url": public_url or before.public_url,
        }
        credentials = _credentials(email, password, token)
    used = before.model_copy(update=given)
    with quiet():
        steps, stopped = with_services(lambda services: _run(services, credentials, currency, country, dry_run, silent=as_json), used)
    _report(as_json, steps, stopped, dry_run, advice(before, used, steps))
    raise typer.Exit(1 if stopped else 0)


async def _run(
    services: Services, credentials: Credentials, currency: str, country: str, dry_run: bool, *, silent: bool
) -> tuple[list[Step], Stopped | None]:
    """The steps done (or planned), and what stopped them."""
    setup = services.saleor_setup(credentials)
    try:
        goal = setup.wanted(currency=currency.upper(), country=country.upper())
        if dry_run:
            return await setup.plan(goal), None
        with progress(silent=silent) as show_step:
            return await setup.run(goal, show_step), None
    except Stopped as fault:
        return fault.done, fault
    finally:
        await setup.admin.close()


def _credentials(email: str, password: str, token: str) -> Credentials:
    if email and not password and sys.stdin.isatty():
        password = typer.prompt(f"Password of {email}", hide_input=True, err=True)
    if email and password:
        return Credentials(email=email, password=password)
    if token:
        return Credentials(token=token)
    raise Invalid(
        "Who are you in Saleor? Give --email and --password of a staff account, or --token; or set CMP_SALEOR_ADMIN_EMAIL and "
        "CMP_SALEOR_ADMIN_PASSWORD, or CMP_SALEOR_ADMIN_TOKEN."
    )


def _report(as_json: bool, steps: list[Step], stopped: Stopped | None, dry_run: bool, notes: list[str]) -> None:
    said = [step.words for step in steps]
    if as_json:
        failed = {"step": stopped.step.words, "code": stopped.code, "detail": stopped.detail} if stopped else None
        show(True, {"dry_run": dry_run, "planned" if dry_run else "done": said, "failed": failed, "notes": notes}, [])
        return
    if stopped:
        typer.secho(stopped.detail, err=True, fg="red")
        return
    if not steps:
        summary = "Nothing to do: Saleor has all that is wanted."
    else:
        summary = f"{len(steps)} steps to do; nothing was changed." if dry_run else f"Done: {len(steps)} steps."
    show(False, None, [*(said if dry_run else []), summary, *notes])
