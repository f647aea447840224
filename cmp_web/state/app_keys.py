"""API keys: made, shown once, changed, revoked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import reflex as rx

from backend.control_plane.budgets import Spent, key_subject
from backend.control_plane.keyring import KeyDetail, KeyWish
from backend.identity.keys import KeyLimits
from backend.kernel.caller import NEW_KEY_SCOPES, Caller, Role, Scope
from backend.kernel.errors import DomainError, Invalid
from backend.kernel.ids import InstanceId
from cmp_web.state.app_base import Loading, need
from cmp_web.state.app_budgets import BoundRow, asked, bounds, typed
from cmp_web.state.app_rows import stamp
from cmp_web.state.services import services
from cmp_web.state.session import signed_in

REFUSED = "Keys are for owners and admins. You can run agents here; for a key, ask an owner of the workspace."
NEW = "new"
SCOPES = {
    Scope.RUNS: ("Runs", "Run agents, and read and stop the runs of this key"),
    Scope.READ: ("Read", "Agents, documents, every run, receipts, credits, orders"),
    Scope.KNOWLEDGE: ("Documents", "Add and delete documents"),
    Scope.AGENTS: ("Agents", "Rename, pause and resume agents, set their widgets"),
    Scope.MANAGE: ("Manage", "Make, change and revoke keys, set webhooks"),
}


@dataclass(frozen=True)
class Choice:
    """A box to tick. id: of a scope or an agent."""

    id: str
    label: str
    hint: str = ""
    on: bool = False


@dataclass(frozen=True)
class KeyRow:
    """created, used, expires: ISO 8601, "" for never."""

    id: str
    name: str
    prefix: str
    created: str
    used: str
    expires: str
    over: bool
    scopes: str
    agents: str
    bounds: list[BoundRow] = field(default_factory=list)


class Keys(Loading, rx.State):
    """secret: the new key, shown until the member has kept it; it never leaves this tab's State and is not stored.

    editing: the id of the key in the form, `NEW` for one to be made, "" without a form. The _fault fields belong to its fields.
    """

    rows: list[KeyRow] = []
    secret: str = ""
    secret_name: str = ""
    editing: str = ""
    name: str = ""
    scopes: list[Choice] = []
    agents: list[Choice] = []
    some: bool = False
    expires: str = ""
    budget_day: str = ""
    budget_month: str = ""
    name_fault: str = ""
    scopes_fault: str = ""
    agents_fault: str = ""
    expires_fault: str = ""
    day_fault: str = ""
    month_fault: str = ""
    problem: str = ""

    @rx.event
    @signed_in
    async def load(self, caller: Caller) -> None:
        self.secret = self.editing = ""
        self._clear()
        with self._loading():
            need(caller, Role.ADMIN, REFUSED)
            await self._list(caller)

    @rx.event
    @signed_in
    async def begin(self, caller: Caller) -> None:
        """Open the form for a new key."""
        self._clear()
        self.editing, self.secret = NEW, ""
        await self._fill(caller, KeyWish(""))

    @rx.event
    @signed_in
    async def edit(self, caller: Caller, key_id: str) -> None:
        self._clear()
        try:
            need(caller, Role.ADMIN, REFUSED)
            found = await services().keyring.get(caller, key_id)
        except DomainError as error:
            self.problem = error.detail
            return
        self.editing = found.key.id
        await self._fill(caller, found.wish)

    @rx.event
    @signed_in
    async def leave(self, caller: Caller) -> None:
        """Close the form; nothing is changed."""
        self._clear()
        self.editing = ""

    @rx.event
    @signed_in
    async def save(self, caller: Caller, form: dict[str, Any]) -> None:
        """Make or change the key in the form."""
        self._clear()
        try:
            need(caller, Role.ADMIN, REFUSED)
            self._keep(form)
            wish = _wish(form, self.scopes, self.agents)
            if self.editing == NEW:
                made = await services().keyring.create(caller, wish)
                self.secret, self.secret_name = made.secret, made.detail.key.name
            elif self.editing:
                await services().keyring.change(caller, self.editing, await self._to_the_hour(caller, wish))
        except Invalid as error:
            self._blame(error)
            return
        except DomainError as error:
            self.problem = error.detail
            return
        self.editing = ""
        await self._list(caller)

    @rx.event
    @signed_in
    async def kept(self, caller: Caller) -> None:
        self.secret = self.secret_name = ""

    @rx.event
    @signed_in
    async def revoke(self, caller: Caller, key_id: str) -> None:
        self._clear()
        try:
            need(caller, Role.ADMIN, REFUSED)
            await services().keyring.revoke(caller, key_id)
            self.editing = "" if self.editing == key_id else self.editing
            await self._list(caller)
        except DomainError as error:
            self.problem = error.detail

    async def _list(self, caller: Caller) -> None:
        live = [detail for detail in await services().keyring.list(caller) if not detail.key.revoked]
        spent = await services().spending([key_subject(detail.key.id) for detail in live if detail.budget])
        names = {view.id: view.name for view in await services().instances.list(caller)}
        now = services().clock.now()
        self.rows = [_row(detail, spent, names, now) for detail in live]

    async def _fill(self, caller: Caller, wish: KeyWish) -> None:
        limits = wish.limits
        chosen = limits.scopes if self.editing != NEW else NEW_KEY_SCOPES
        self.name, self.expires = wish.name, f"{limits.expires_at:%Y-%m-%d}" if limits.expires_at else ""
        self.scopes = [Choice(scope.value, label, hint, scope in chosen) for scope, (label, hint) in SCOPES.items()]
        mine = limits.instances or frozenset()
        self.agents = [Choice(view.id, view.name, "", view.id in mine) for view in await services().instances.list(caller)]
        self.some = limits.instances is not None
        self.budget_day, self.budget_month = typed(wish.budget.day), typed(wish.budget.month)

    async def _to_the_hour(self, caller: Caller, wish: KeyWish) -> KeyWish:
        """A field of the page knows days only: an end that was left as it stood there keeps its hour."""
        before = (await services().keyring.get(caller, self.editing)).key.limits.expires_at
        untouched = before is not None and self.expires == f"{before:%Y-%m-%d}"
        return replace(wish, limits=replace(wish.limits, expires_at=before)) if untouched else wish

    def _keep(self, form: Mapping[str, Any]) -> None:
        """What was typed stays in the fields when it is refused."""
        self.name, self.expires = str(form.get("key-name", "")), str(form.get("expires", ""))
        self.scopes = [Choice(one.id, one.label, one.hint, bool(form.get(f"scope-{one.id}"))) for one in self.scopes]
        self.agents = [Choice(one.id, one.label, one.hint, bool(form.get(f"agent-{one.id}"))) for one in self.agents]
        self.some = form.get("reach") == "some"
        self.budget_day, self.budget_month = str(form.get("budget_day", "")), str(form.get("budget_month", ""))

    def _blame(self, error: Invalid) -> None:
        """Each fault stands at its field; one of a field that is not shown stands above the form."""
        faults = dict(error.fields)
        self.name_fault, self.scopes_fault = faults.pop("name", ""), faults.pop("scopes", "")
        self.agents_fault, self.expires_fault = faults.pop("instances", ""), faults.pop("expires_at", "")
        self.day_fault, self.month_fault = faults.pop("budget.day", ""), faults.pop("budget.month", "")
        self.problem = error.detail if faults or not error.fields else ""

    def _clear(self) -> None:
        self.name_fault = self.scopes_fault = self.agents_fault = self.expires_fault = self.day_fault = self.month_fault = ""
        self.problem = ""


def _wish(form: Mapping[str, Any], scopes: list[Choice], agents: list[Choice]) -> KeyWish:
    """Raises Invalid with fields."""
    day = str(form.get("expires") or "").strip()
    try:
        expires = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC) if day else None
    except ValueError:
        raise Invalid("Check when the key ends.", fields={"expires_at": "A date, such as 2027-01-31."}) from None
    instances = frozenset(InstanceId(one.id) for one in agents if one.on) if form.get("reach") == "some" else None
    if instances == frozenset():
        raise Invalid("Check the agents.", fields={"instances": "Choose at least one agent, or all of them."})
    limits = KeyLimits(frozenset(Scope(one.id) for one in scopes if one.on), instances, expires)
    return KeyWish(str(form.get("key-name", "")), limits, asked(form))


def _row(detail: KeyDetail, spent: Mapping[str, Spent], names: Mapping[InstanceId, str], now: datetime) -> KeyRow:
    key, limits = detail.key, detail.key.limits
    reach = "All agents" if limits.instances is None else ", ".join(sorted(names.get(one, one) for one in limits.instances))
    return KeyRow(
        id=key.id,
        name=key.name,
        prefix=f"{key.prefix}…",
        created=stamp(key.created_at),
        used=stamp(key.last_used_at) if key.last_used_at else "",
        expires=stamp(limits.expires_at) if limits.expires_at else "",
        over=limits.expires_at is not None and limits.expires_at <= now,
        scopes=", ".join(label.lower() for scope, (label, _) in SCOPES.items() if scope in limits.scopes),
        agents=reach,
        bounds=bounds(detail.budget, spent.get(key_subject(key.id))),
    )
