"""API keys and budgets over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends

from backend.control_plane.budgets import Budgets, Counters, Limits, key_subject, member_subject, workspace_subject
from backend.control_plane.key_schemas import (
    BudgetIn,
    BudgetOut,
    BudgetsOut,
    KeyIn,
    KeyOut,
    KeyPatch,
    MemberBudgetOut,
    NewKeyOut,
    WidgetUseOut,
)
from backend.control_plane.keyring import KeyDetail, Keyring
from backend.control_plane.schemas import ListOut
from backend.doors import Who
from backend.kernel.caller import Caller
from backend.kernel.ids import AccountId


def routes(keyring: Keyring, budgets: Budgets, counters: Counters, who: Who) -> APIRouter:
    """counters: what was spent of budgets."""
    router = APIRouter(prefix="/v1")
    _keys(router, keyring, counters, who)
    _budgets(router, budgets, counters, who)
    return router


def _keys(router: APIRouter, keyring: Keyring, counters: Counters, who: Who) -> None:
    async def shown(details: list[KeyDetail]) -> list[KeyOut]:
        spent = await counters([key_subject(detail.key.id) for detail in details if detail.budget])
        return [KeyOut.of(detail, spent.get(key_subject(detail.key.id))) for detail in details]

    @router.get("/keys", tags=["keys"])
    async def list_keys(caller: Annotated[Caller, Depends(who.key_reader)]) -> ListOut[KeyOut]:
        """The workspace's API keys, newest first, without their secrets. A key limited to some agents sees those that may use no others."""
        return ListOut(items=await shown(await keyring.list(caller)))

    @router.post("/keys", tags=["keys"], status_code=201)
    async def create_key(wanted: KeyIn, caller: Annotated[Caller, Depends(who.admin)]) -> NewKeyOut:
        """A new key. Its secret is in this answer and nowhere else. A key makes no key that may do, reach or outlast more than itself."""
        return NewKeyOut.made(await keyring.create(caller, wanted.wish()))

    @router.patch("/keys/{key_id}", tags=["keys"])
    async def change_key(key_id: str, wanted: KeyPatch, caller: Annotated[Caller, Depends(who.admin)]) -> KeyOut:
        """What is left out stays; the change counts at once. The secret stays the same."""
        before = await keyring.get(caller, key_id)
        return (await shown([await keyring.change(caller, key_id, wanted.wish(before.wish))]))[0]

    @router.delete("/keys/{key_id}", tags=["keys"], status_code=204)
    async def revoke_key(key_id: str, caller: Annotated[Caller, Depends(who.admin)]) -> None:
        """The key stops working at once."""
        await keyring.revoke(caller, key_id)


def _budgets(router: APIRouter, budgets: Budgets, counters: Counters, who: Who) -> None:
    async def one(subject: str) -> BudgetOut:
        limits = (await budgets.of(subject)).get(subject, Limits())
        return BudgetOut.of(limits, (await counters([subject])).get(subject))

    @router.get("/budgets", tags=["budgets"])
    async def list_budgets(caller: Annotated[Caller, Depends(who.auditor)]) -> BudgetsOut:
        """What the workspace and its members may spend, and what they have spent of it. Keys and widgets carry their own."""
        found = await budgets.all(caller.workspace_id)
        spent = await counters(list(found))

        def of(before: str) -> list[tuple[str, BudgetOut]]:
            those = [subject for subject in sorted(found) if subject.startswith(before)]
            return [(subject.removeprefix(before), BudgetOut.of(found[subject], spent.get(subject))) for subject in those]

        whole = workspace_subject(caller.workspace_id)
        return BudgetsOut(
            workspace=BudgetOut.of(found.get(whole, Limits()), spent.get(whole)),
            members=[MemberBudgetOut(account_id=rest, budget=budget) for rest, budget in of(f"member:{caller.workspace_id}:")],
            widgets=[WidgetUseOut(widget_id=rest, budget=budget) for rest, budget in of("widget:")],
        )

    @router.put("/budgets/workspace", tags=["budgets"])
    async def set_workspace_budget(wanted: BudgetIn, caller: Annotated[Caller, Depends(who.boss)]) -> BudgetOut:
        """What all of the workspace may spend, through every door. Counted from when it is set. Keys cannot set it."""
        await budgets.set_workspace(caller.workspace_id, wanted.limits())
        return await one(workspace_subject(caller.workspace_id))

    @router.put("/budgets/members/{account_id}", tags=["budgets"])
    async def set_member_budget(account_id: str, wanted: BudgetIn, caller: Annotated[Caller, Depends(who.boss)]) -> BudgetOut:
        """What one member may spend in the workspace's chat. Keys have budgets of their own."""
        await budgets.set_member(caller.workspace_id, account_id, wanted.limits())
        return await one(member_subject(caller.workspace_id, AccountId(account_id)))
