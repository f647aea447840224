"""`cmpctl keys`: API keys for a workspace, from the server's own command line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from backend.cli.running import AsJson, show, with_services
from backend.container import Services
from backend.control_plane.budgets import Limits
from backend.control_plane.keyring import KeyWish, MadeKey
from backend.identity.keys import KeyLimits
from backend.kernel.caller import NEW_KEY_SCOPES, Caller, Door, Scope
from backend.kernel.errors import DomainError
from backend.kernel.ids import InstanceId
from backend.kernel.money import Credits

keys = typer.Typer(no_args_is_help=True, help="API keys.")
Agents = Annotated[list[str] | None, typer.Option("--agent", help="Id of an agent it may use; repeat for more. All when absent.")]
Scopes = Annotated[list[Scope] | None, typer.Option("--scope", help="What it may be used for; repeat for more. Runs and read when absent.")]
Budget = Annotated[str | None, typer.Option(help="Credits it may spend at most.")]


@keys.command("create")
def create(
    email: Annotated[str, typer.Option(help="Whose workspace the key opens.")],
    name: Annotated[str, typer.Option(help="What the key is for.")],
    scope: Scopes = None,
    agent: Agents = None,
    expires: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The UTC day on which it ends.")] = None,
    budget_day: Budget = None,
    budget_month: Budget = None,
    as_json: AsJson = False,
) -> None:
    """Make an API key. The secret is printed once and cannot be shown again."""
    instances = frozenset(InstanceId(one) for one in agent) if agent else None
    limits = KeyLimits(frozenset(scope or NEW_KEY_SCOPES), instances, expires.replace(tzinfo=UTC) if expires else None)
    wish = KeyWish(name, limits, Limits(_credits(budget_day), _credits(budget_month)))
    made = with_services(lambda services: _make(services, email, wish))
    key_id, secret = str(made.detail.key.id), made.secret
    show(as_json, {"id": key_id, "secret": secret}, [key_id, secret])


async def _make(services: Services, email: str, wish: KeyWish) -> MadeKey:
    account = await services.accounts.by_email(email)
    if account is None:
        raise typer.BadParameter(f"nobody has the e-mail {email}")
    [membership, *_] = await services.workspaces.of(account.id)
    owner = Caller(Door.WORKSPACE, membership.workspace.id, membership.role, account.id)
    try:
        return await services.keyring.create(owner, wish)
    except DomainError as refused:
        raise typer.BadParameter(" ".join([refused.detail, *refused.fields.values()])) from None


def _credits(amount: str | None) -> Credits | None:
    try:
        return None if amount is None else Credits.of(amount)
    except ValueError as fault:
        raise typer.BadParameter(str(fault)) from None
