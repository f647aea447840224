"""Webhooks: endpoints, their secrets shown once, and what was sent to the one that is open."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import reflex as rx

from backend.kernel.caller import Caller, Role
from backend.kernel.errors import DomainError, Invalid
from backend.webhooks import policy
from backend.webhooks.service import Webhooks
from backend.webhooks.views import EndpointChange
from cmp_web import routes
from cmp_web.state.app_base import Loading, need
from cmp_web.state.app_webhook_rows import HookRow, SentRow, answer, hook, sent
from cmp_web.state.services import services
from cmp_web.state.session import signed_in

REFUSED = "Webhooks are for owners and admins. Ask an owner of the workspace."
PAGE = 20
Act = Callable[[], Awaitable[None]]
EVENTS = dict(policy.EVENTS)


class Hooks(Loading, rx.State):
    """open: the endpoint that is looked at, without an id while the list is. secret: a new one, shown until it is kept; it is not stored.

    cursor: of the deliveries that follow, "" at the end. shown: the delivery that is unfolded.
    """

    rows: list[HookRow] = []
    open: HookRow = HookRow()
    sent: list[SentRow] = []
    cursor: str = ""
    shown: str = ""
    secret: str = ""
    secret_of: str = ""
    url_fault: str = ""
    events_fault: str = ""
    description_fault: str = ""
    problem: str = ""
    said: str = ""

    @rx.event
    @signed_in
    async def load(self, caller: Caller) -> None:
        """The list; with `?webhook=` that endpoint and what was sent to it."""
        asked = self.router.url.query_parameters.get("webhook", "")
        if asked != self.open.id:
            self.secret = self.secret_of = ""
        self._clear()
        self.open, self.sent, self.cursor, self.shown = HookRow(), [], "", ""
        with self._loading():
            need(caller, Role.ADMIN, REFUSED)
            self.rows = [hook(view) for view in await _rooms().list(caller.workspace_id)]
            if asked:
                await self._look(caller, asked)

    @rx.event
    @signed_in
    async def create(self, caller: Caller, form: dict[str, Any]) -> Any:
        self._clear()
        try:
            need(caller, Role.ADMIN, REFUSED)
            made = await _rooms().create(caller.workspace_id, _asked(form))
        except DomainError as error:
            return self._blame(error)
        self.secret, self.secret_of = made.secret, made.endpoint.url
        self.rows = [hook(made.endpoint), *self.rows]
        return rx.set_focus("secret")

    @rx.event
    @signed_in
    async def save(self, caller: Caller, form: dict[str, Any]) -> Any:
        return await self._act(caller, lambda: self._change(caller, _asked(form)), "Saved.")

    @rx.event
    @signed_in
    async def pause(self, caller: Caller) -> None:
        await self._act(caller, lambda: self._change(caller, EndpointChange(paused=True)), "Paused. What happens meanwhile waits.")

    @rx.event
    @signed_in
    async def resume(self, caller: Caller) -> None:
        await self._act(caller, lambda: self._change(caller, EndpointChange(paused=False)), "Live. What waited is being sent.")

    @rx.event
    @signed_in
    async def rotate(self, caller: Caller, hours: int) -> None:
        """hours: how long the old secret still signs."""

        async def act() -> None:
            made = await _rooms().rotate(caller.workspace_id, self.open.id, hours)
            self.secret, self.secret_of = made.secret, made.endpoint.url

        await self._act(caller, act)

    @rx.event
    @signed_in
    async def kept(self, caller: Caller) -> None:
        self.secret = self.secret_of = ""

    @rx.event
    @signed_in
    async def test(self, caller: Caller) -> None:
        async def act() -> None:
            view = await _rooms().test(caller.workspace_id, self.open.id)
            self.said = f"Test sent. {answer(view.code, view.error)} after {view.took_ms} ms."

        await self._act(caller, act)

    @rx.event
    @signed_in
    async def replay(self, caller: Caller, delivery_id: str) -> None:
        async def act() -> None:
            await _rooms().replay(caller.workspace_id, self.open.id, delivery_id)

        await self._act(caller, act, "Is being sent again, under the same webhook-id.")

    @rx.event
    @signed_in
    async def remove(self, caller: Caller) -> Any:
        async def act() -> None:
            await _rooms().delete(caller.workspace_id, self.open.id)

        await self._act(caller, act, look=False)
        return None if self.problem else rx.redirect(routes.APP_WEBHOOKS)

    @rx.event
    @signed_in
    async def unfold(self, caller: Caller, delivery_id: str) -> None:
        self.shown = "" if self.shown == delivery_id else delivery_id

    @rx.event
    @signed_in
    async def look(self, caller: Caller) -> None:
        """Again, at the newest deliveries."""
        await self._act(caller, _nothing)

    @rx.event
    @signed_in
    async def more(self, caller: Caller) -> None:
        before = self.sent
        await self._act(caller, lambda: self._fill(caller, self.cursor or None), look=False)
        if not self.problem:
            self.sent = [*before, *self.sent]

    async def _act(self, caller: Caller, act: Act, said: str = "", *, look: bool = True) -> Any:
        """Do it, show the endpoint as it is now, and say what went wrong at its field or above all."""
        self._clear()
        try:
            need(caller, Role.ADMIN, REFUSED)
            await act()
            self.said = self.said or said
            if look:
                await self._look(caller, self.open.id)
        except DomainError as error:
            return self._blame(error)
        return None

    async def _change(self, caller: Caller, change: EndpointChange) -> None:
        await _rooms().change(caller.workspace_id, self.open.id, change)

    async def _look(self, caller: Caller, endpoint_id: str) -> None:
        self.open = hook(await _rooms().get(caller.workspace_id, endpoint_id))
        self.rows = [self.open if row.id == endpoint_id else row for row in self.rows]
        await self._fill(caller, None)

    async def _fill(self, caller: Caller, cursor: str | None) -> None:
        page = await _rooms().deliveries(caller.workspace_id, self.open.id, cursor=cursor, limit=PAGE)
        self.sent, self.cursor = [sent(view) for view in page.items], page.next or ""

    def _blame(self, error: DomainError) -> Any:
        """Say what is wrong where it is wrong, and lead there."""
        faults = error.fields if isinstance(error, Invalid) else {}
        self.url_fault, self.events_fault = faults.get("url", ""), faults.get("events", "")
        self.description_fault = faults.get("description", "")
        self.problem = "" if self.url_fault or self.events_fault or self.description_fault else error.detail
        at = next((name for name in ("url", "events", "description") if name in faults), "")
        return rx.set_focus("on-run-completed" if at == "events" else at) if at else None

    def _clear(self) -> None:
        self.url_fault = self.events_fault = self.description_fault = self.problem = self.said = ""


def _rooms() -> Webhooks:
    return services().webhook_room.webhooks


def _asked(form: dict[str, Any]) -> EndpointChange:
    events = [name for name in policy.EVENTS if form.get(f"on-{name.replace('.', '-')}")]
    return EndpointChange(str(form.get("url", "")), str(form.get("description", "")), events, bool(form.get("content")))


async def _nothing() -> None: ...
