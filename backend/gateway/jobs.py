"""Turns an admitted question into a job for the runner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from backend.catalogue import Product
from backend.control_plane.instances import InstanceView
from backend.control_plane.knowledge.views import Passage
from backend.gateway import ports
from backend.gateway.views import RunCommand
from backend.kernel.caller import Caller
from backend.kernel.errors import Unavailable
from backend.kernel.ids import ConversationId, RunId
from backend.kernel.money import Credits
from backend.runner.flows import Plan, flow_for
from backend.runner.ports import Job, PassageIn, Turn
from backend.settings import Settings

PASSAGES = 6
HISTORY = 20
"""Messages of the conversation that the agent is reminded of."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A run whose credits are held."""

    run_id: RunId
    caller: Caller
    instance: InstanceView
    conversation_id: ConversationId
    command: RunCommand
    price: Credits
    plan: Plan
    started_at: datetime


class Jobs:
    def __init__(
        self, knowledge: ports.Knowledge, conversations: ports.Conversations, products: Sequence[Product], settings: Settings
    ) -> None:
        self._knowledge, self._conversations, self._settings = knowledge, conversations, settings
        self._products = {product.slug: product for product in products}

    def plan(self, product_slug: str) -> Plan:
        """Raises Unavailable when the agent's flow is not there."""
        product = self._products.get(product_slug)
        try:
            if product is not None and product.is_agent:
                return flow_for(product, self._settings)
        except OSError as fault:
            raise Unavailable("This agent's flow is missing.", code="flow_missing") from fault
        raise Unavailable("This agent is not in the catalogue any more.", code="flow_missing")

    async def make(self, run: Admitted) -> Job:
        """Find the passages, take the history, and write the question into the conversation."""
        found = await self._knowledge.search(run.instance.id, run.command.text, PASSAGES)
        history = await self._conversations.history(run.conversation_id, HISTORY)
        await self._conversations.append(run.conversation_id, "user", run.command.text, run.run_id)
        return Job(
            run_id=run.run_id,
            flow=run.plan.flow,
            text=run.command.text,
            session_id=f"{run.instance.id}:{run.conversation_id}",
            passages=number(found),
            history=tuple(Turn(turn.role, turn.text) for turn in history),
            variables=run.plan.variables,
            tweaks=run.plan.tweaks,
            timeout=float(self._settings.run_timeout_seconds),
        )


def number(found: Sequence[Passage]) -> tuple[PassageIn, ...]:
    """Passages are cited by their number, counted from 1."""
    return tuple(PassageIn(n, p.document_id, p.document_name, p.place, p.text) for n, p in enumerate(found, start=1))
