"""Widgets: an agent on a customer's own page. A public id names it, a short-lived token lets one visitor talk to it."""

from __future__ import annotations

from typing import Any

from limits import RateLimitItemPerMinute
from limits.aio.strategies import FixedWindowRateLimiter
from limits.storage import storage_from_string
from sqlalchemy import delete, select
from sqlmodel import col

from backend.control_plane.budgets import Budgets, Limits, widget_subject
from backend.control_plane.instances import Instances
from backend.db.engine import Database
from backend.db.upsert import insert_once
from backend.identity.policy import normal_email
from backend.kernel.caller import Caller, Door, Role, Scope
from backend.kernel.clock import Clock
from backend.kernel.errors import Forbidden, Invalid, NotFound, RateLimited
from backend.kernel.ids import InstanceId, WidgetId, WorkspaceId, new_conversation_id, new_widget_id
from backend.kernel.memory import Callers, Memory
from backend.kernel.secrets import fingerprint, new_token
from backend.settings import Settings
from backend.widget.models import WidgetRow, WidgetSessionRow
from backend.widget.policy import MAX_GREETING, MAX_TITLE, SESSION_LIFE, normal_origins
from backend.widget.views import WidgetSession, WidgetUpdate, WidgetView

PREFIX = "cmpw_"
OPENED = RateLimitItemPerMinute(120)
"""Sessions of one widget from one address: each is a row, and anybody may ask for one."""
GREETING = "Hello. Ask me a question, and I will look for the answer."


class Widgets:
    """callers: told of every widget that is changed, so that the change counts at once."""

    def __init__(
        self, database: Database, clock: Clock, instances: Instances, budgets: Budgets, settings: Settings, callers: Callers
    ) -> None:
        self._database, self._clock, self._instances, self._budgets = database, clock, instances, budgets
        self._callers = callers
        # Where a token was given out never changes.
        self._origins: Memory[str] = Memory(clock)
        self._own_origin = settings.base_url
        self._pace = FixedWindowRateLimiter(storage_from_string("async+memory://"))

    async def settings(self, caller: Caller, instance_id: str, number: int = 1) -> WidgetView:
        """The agent's widget, made when first asked for. Raises NotFound, Forbidden `plan_limit` past the plan's number of widgets."""
        instance = await self._instances.get(caller, instance_id)
        if not 1 <= number <= instance.terms.widgets:
            allowed = instance.terms.widgets
            raise Forbidden(f"The {instance.plan_name} plan has {allowed} widget{'' if allowed == 1 else 's'}.", code="plan_limit")
        mine = select(WidgetRow).where(col(WidgetRow.instance_id) == instance_id, col(WidgetRow.number) == number)
        async with self._database.read() as tx:
            row = (await tx.scalars(mine)).first()
        if row is not None:
            return await self._seen(row)
        values: dict[str, Any] = {"id": new_widget_id(), "instance_id": instance.id, "workspace_id": instance.workspace_id}
        values |= {"number": number, "allowed_origins": [], "title": instance.name[:MAX_TITLE], "greeting": GREETING}
        values |= {"contact_email": "", "enabled": True, "created_at": self._clock.now()}
        async with self._database.write() as tx:
            await insert_once(tx, WidgetRow, values, unique=["instance_id", "number"])
            row = (await tx.scalars(mine)).one()
        return await self._seen(row)

    async def update(self, caller: Caller, instance_id: str, change: WidgetUpdate, number: int = 1) -> WidgetView:
        """Raises what `settings` raises, and Invalid with fields."""
        widget = await self.settings(caller, instance_id, number)
        values = _checked(change)
        async with self._database.write() as tx:
            row = (await tx.scalars(select(WidgetRow).where(col(WidgetRow.id) == widget.id))).one()
            for name, value in values.items():
                setattr(row, name, value)
            if change.budget is not None:
                await self._budgets.put(tx, WorkspaceId(row.workspace_id), widget_subject(widget.id), change.budget)
        self._callers.forget(widget.id)
        return await self._seen(row)

    async def open_session(self, widget_id: str, origin: str | None, address: str = "") -> WidgetSession:
        """A visitor opens the widget on a page of `origin`, from the network address `address`.

        Raises NotFound for a widget that is unknown or switched off, Forbidden `foreign_origin` for a page it was not made for, and
        RateLimited for an address that opens more than a site's visitors together would.
        """
        async with self._database.read() as tx:
            row = await tx.get(WidgetRow, widget_id)
        if row is None or not row.enabled:
            raise NotFound("There is no such widget.")
        if origin is None or not self._stands(origin, row):
            raise Forbidden("This site is not on the widget's list of allowed sites.", code="foreign_origin")
        if not await self._pace.hit(OPENED, widget_id, address):
            raise RateLimited("Too many chats were opened from here. Try again in a minute.", retry_after=60)
        token, now, conversation = new_token(PREFIX), self._clock.now(), new_conversation_id()
        session = WidgetSessionRow(
            token_hash=fingerprint(token),
            widget_id=row.id,
            conversation_id=conversation,
            origin=origin,
            expires_at=now + SESSION_LIFE,
        )
        async with self._database.write() as tx:
            await tx.execute(delete(WidgetSessionRow).where(col(WidgetSessionRow.expires_at) < now))
            tx.add(session)
        return WidgetSession(
            token, InstanceId(row.instance_id), conversation, session.expires_at, row.title, row.greeting, row.contact_email
        )

    async def allows(self, token: str, origin: str) -> bool:
        """Whether a page of `origin` may read the answer to a request with this token: the page it was given to may.

        True for a token that is not anyone's, too: all there is to read then is the refusal, and the page needs it to renew its session.
        """
        given = self._origins.look(token)
        if given is None:
            asked, found = self._origins.asking(), await self._session(token)
            if found is None:
                return True
            given = found[0].origin
            self._origins.keep(token, given, asked)
        return origin == given

    async def resolve(self, token: str) -> Caller | None:
        """The visitor behind a live token, who may use one agent. None once it is over, or the widget is off or no longer there."""
        found = await self._session(token)
        if found is None:
            return None
        session, widget = found
        if session.expires_at <= self._clock.now() or not widget.enabled or not self._stands(session.origin, widget):
            return None
        return Caller(
            door=Door.WIDGET,
            workspace_id=WorkspaceId(widget.workspace_id),
            role=Role.VIEWER,
            widget_id=WidgetId(widget.id),
            session_id=session.conversation_id,
            instances=frozenset({InstanceId(widget.instance_id)}),
            scopes=frozenset({Scope.RUNS}),
        )

    async def _session(self, token: str) -> tuple[WidgetSessionRow, WidgetRow] | None:
        joined = select(WidgetSessionRow, WidgetRow).join(WidgetRow, col(WidgetRow.id) == col(WidgetSessionRow.widget_id))
        async with self._database.read() as tx:
            found = (await tx.execute(joined.where(col(WidgetSessionRow.token_hash) == fingerprint(token)))).first()
        return (found[0], found[1]) if found else None

    async def _seen(self, row: WidgetRow) -> WidgetView:
        subject = widget_subject(WidgetId(row.id))
        return _view(row, (await self._budgets.of(subject)).get(subject, Limits()))

    def _stands(self, origin: str, widget: WidgetRow) -> bool:
        """Our own pages may always show it, for its owner to try."""
        return origin in (*widget.allowed_origins, self._own_origin)


def _checked(change: WidgetUpdate) -> dict[str, Any]:
    """The columns to set. Raises Invalid with fields."""
    values: dict[str, Any] = {}
    if change.allowed_origins is not None:
        values["allowed_origins"] = normal_origins(change.allowed_origins)
    for name, text, most in (("title", change.title, MAX_TITLE), ("greeting", change.greeting, MAX_GREETING)):
        if text is not None:
            values[name] = text.strip()
            if not 0 < len(values[name]) <= most:
                raise Invalid("Check the widget's words.", fields={name: f"1 to {most} characters."})
    if change.contact_email is not None:
        values["contact_email"] = _contact(change.contact_email)
    if change.enabled is not None:
        values["enabled"] = change.enabled
    return values


def _contact(email: str) -> str:
    try:
        return normal_email(email) if email.strip() else ""
    except Invalid as fault:
        raise Invalid(fault.detail, fields={"contact_email": fault.fields["email"]}) from None


def _view(row: WidgetRow, budget: Limits) -> WidgetView:
    return WidgetView(
        id=WidgetId(row.id),
        instance_id=InstanceId(row.instance_id),
        number=row.number,
        allowed_origins=tuple(row.allowed_origins),
        title=row.title,
        greeting=row.greeting,
        contact_email=row.contact_email,
        enabled=row.enabled,
        budget=budget,
    )
