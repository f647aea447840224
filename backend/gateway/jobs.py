"""Turns an admitted question into a job for the runner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cachetools import TTLCache

from backend.catalogue import Product
from backend.control_plane.instances import InstanceView
from backend.control_plane.knowledge.views import Passage
from backend.gateway import ports
from backend.gateway.budgets import Line
from backend.gateway.records import RunBegun, RunEnded, Subject
from backend.gateway.views import RunView
from backend.kernel.caller import Door
from backend.kernel.errors import Unavailable
from backend.kernel.ids import ConversationId, RunId
from backend.kernel.money import Credits
from backend.ledger.views import Receipt
from backend.runner.flows import Plan, flow_for
from backend.runner.ports import Job, PassageIn, Turn
from backend.settings import Settings

PASSAGES = 6
PLAN_LIFE = 1.0
"""Seconds until a flow's file is looked at again."""
HISTORY = 20
"""Messages of the conversation that the agent is reminded of."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A run that may be carried out once its credits are held. kept: its conversation is written down as it goes. lines: the budgets it
    counts in, to its end: those of the moment it began. history: what was said before, where the client said it."""

    run_id: RunId
    instance: InstanceView
    door: Door
    owner: str
    spender: str
    conversation_id: ConversationId
    kept: bool
    text: str
    price: Credits
    plan: Plan
    lines: tuple[Line, ...]
    started_at: datetime
    history: tuple[Turn, ...] = ()

    @property
    def subject(self) -> Subject:
        whose = self.run_id, self.instance.workspace_id, self.instance.id, self.spender, self.door.value
        counted = self.price.micro, [line.row for line in self.lines]
        return Subject(*whose, self.started_at, *counted, self.instance.name, self.conversation_id)

    def row(self, request_key: str | None, request_hash: str, lease_until: datetime, *, background: bool) -> RunBegun:
        return RunBegun(
            id=self.run_id,
            workspace_id=self.instance.workspace_id,
            instance_id=self.instance.id,
            instance_name=self.instance.name,
            door=self.door.value,
            owner=self.owner,
            spender=self.spender,
            conversation_id=self.conversation_id,
            query=self.text,
            price=self.price.micro,
            request_key=request_key,
            request_hash=request_hash,
            background=background,
            lines=self.lines,
            lease_until=lease_until,
            started_at=self.started_at,
        )

    def ended(self, ended: RunEnded, receipt: Receipt) -> RunView:
        """What `repository.view` would read of it now."""
        outcome = ended.outcome
        return RunView(
            id=self.run_id,
            instance_id=self.instance.id,
            instance_name=self.instance.name,
            door=self.door,
            status=outcome.status,
            query=self.text,
            text=outcome.text,
            sources=outcome.sources,
            usage=outcome.usage,
            receipt=receipt,
            started_at=self.started_at,
            duration_ms=ended.duration_ms,
            error_code=outcome.error_code,
            error_detail=ended.error_detail,
            conversation_id=self.conversation_id,
            owner=self.owner,
        )


class Jobs:
    def __init__(
        self, knowledge: ports.Knowledge, conversations: ports.Conversations, products: Sequence[Product], settings: Settings
    ) -> None:
        self._knowledge, self._conversations, self._settings = knowledge, conversations, settings
        self._products = {product.slug: product for product in products}
        self._plans: TTLCache[str, Plan] = TTLCache(1000, PLAN_LIFE)

    def plan(self, product_slug: str) -> Plan:
        """Raises Unavailable when the agent's flow is not there."""
        plan = self._plans.get(product_slug)
        if plan is None:
            plan = self._plans[product_slug] = self._plan(product_slug)
        return plan

    def _plan(self, product_slug: str) -> Plan:
        product = self._products.get(product_slug)
        try:
            if product is not None and product.is_agent:
                return flow_for(product, self._settings)
        except OSError as fault:
            raise Unavailable("This agent's flow is missing.", code="flow_missing") from fault
        raise Unavailable("This agent is not in the catalogue any more.", code="flow_missing")

    def longest(self, instance: InstanceView) -> int:
        """Seconds a run of it may take: its plan's, and never more than the installation allows."""
        most = self._settings.run_timeout_seconds
        return min(instance.terms.run_seconds or most, most)

    async def make(self, run: Admitted) -> Job:
        """Find the passages, take the history, and write the question into the conversation, where that is kept."""
        found = await self._knowledge.search(run.instance.id, run.text, PASSAGES)
        history = run.history
        if run.kept:
            if not history:
                said = await self._conversations.history(run.conversation_id, HISTORY, before=run.run_id)
                history = tuple(Turn(turn.role, turn.text) for turn in said)
            await self._conversations.append(run.conversation_id, "user", run.text, run.run_id)
        return Job(
            run_id=run.run_id,
            flow=run.plan.flow,
            text=run.text,
            session_id=f"{run.instance.id}:{run.conversation_id}",
            passages=number(found),
            history=history,
            variables=run.plan.variables,
            tweaks=run.plan.tweaks,
            timeout=float(self.longest(run.instance)),
        )


def number(found: Sequence[Passage]) -> tuple[PassageIn, ...]:
    """Passages are cited by their number, counted from 1."""
    return tuple(PassageIn(n, p.document_id, p.document_name, p.place, p.text) for n, p in enumerate(found, start=1))
