"""Who asked: the names of keys, people and widgets behind the owners of runs."""

from __future__ import annotations

from collections.abc import Iterable

from backend.gateway.usage import By, Period
from backend.kernel.caller import Caller
from backend.kernel.errors import NotFound
from backend.kernel.ids import AccountId
from cmp_web.state.services import services


async def owner_names(caller: Caller, period: Period) -> dict[str, str]:
    """Of every owner with a run that ended in the period."""
    found = await services().gateway.usage.crossed(caller, By.OWNER, By.AGENT, period)
    agents = {view.id: view.name for view in await services().instances.list(caller)}
    named = await names(caller, [owner for owner in found if not owner.startswith("widget:")])
    for owner, theirs in found.items():
        if owner.startswith("widget:"):
            named[owner] = f"Widget of {next((agents[id_] for id_ in theirs if id_ in agents), 'a former agent')}"
    return dict(sorted(named.items(), key=lambda pair: pair[1].lower()))


async def names(caller: Caller, owners: Iterable[str]) -> dict[str, str]:
    """Of keys and people; a visitor of a widget has no name."""
    wanted = set(owners)
    keys = {view.id: view for view in await services().keys.list(caller.workspace_id)} if any(o.startswith("key:") for o in wanted) else {}
    found = {}
    for owner in wanted:
        kind, _, whose = owner.partition(":")
        if kind == "key":
            key = next((view for id_, view in keys.items() if id_ == whose), None)
            found[owner] = f"Key {key.name}{' (revoked)' if key.revoked else ''}" if key else f"Key …{whose[-4:]}"
        elif kind == "account":
            found[owner] = await _person(whose)
        else:
            found[owner] = "A visitor of the widget"
    return found


async def _person(account_id: str) -> str:
    try:
        account = await services().accounts.get(AccountId(account_id))
    except NotFound:
        return "A former member"
    return account.name or account.email
