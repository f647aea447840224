"""Who may run what, what it costs, and which passages an answer cites. Pure functions."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from backend.catalogue import Terms
from backend.gateway.views import Outcome, RunCommand, RunStatus, RunView, SourceView
from backend.kernel.caller import Caller, Door
from backend.kernel.errors import Conflict, DomainError, Forbidden, InsufficientCredits, Invalid, NotServing, RateLimited, TooLarge
from backend.kernel.ids import ConversationId, RunId
from backend.kernel.money import ZERO, Credits
from backend.kernel.pricing import Ending
from backend.runner.ports import PassageIn

MAX_INPUT = 16_000
"""Characters of one question."""
MAX_ANSWER = 200_000
"""Characters of one answer; a flow that writes more is stopped."""
MAX_KEY = 255
_MARK = re.compile(r"\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]")
_QUOTE = 300
_COUNTED = ("input_tokens", "output_tokens")

FAILURES = {
    "timeout": "The agent did not finish in time.",
    "crashed": "The agent stopped unexpectedly.",
    "flow_failed": "The agent's flow failed.",
    "unavailable": "The agent cannot run just now.",
    "interrupted": "The run was interrupted by a restart.",
    "too_long": "The answer grew longer than an answer may be.",
    "internal": "Something went wrong on our side.",
}


class Agent(Protocol):
    """What decides whether an instance may be run. status: "live", "paused" or "suspended"."""

    @property
    def status(self) -> str: ...
    @property
    def terms(self) -> Terms: ...


def owner(caller: Caller) -> str:
    """One name for whoever asks, the same each time they come."""
    if caller.door is Door.WIDGET:
        return f"session:{caller.session_id}"
    return f"key:{caller.key_id}" if caller.key_id else f"account:{caller.account_id}"


def spender(caller: Caller) -> str:
    """Whom a run is counted to: as `owner`, but all visitors of a widget as that widget."""
    return f"widget:{caller.widget_id}" if caller.door is Door.WIDGET else owner(caller)


def own_conversation(run_id: str) -> ConversationId:
    """The conversation that a run begins which is not part of one. It has the run's own number, so that each can be found by the other."""
    return ConversationId(f"conv_{run_id.removeprefix('run_')}")


def first_run(conversation_id: str) -> RunId:
    """The run that began a conversation of one question."""
    return RunId(f"run_{conversation_id.removeprefix('conv_')}")


def admit(caller: Caller, instance: Agent) -> None:
    """Raises Conflict when the agent rests or was stopped, and Forbidden when its plan has no such door."""
    if instance.status != "live":
        raise Conflict(f"This agent is {instance.status}. Resume it to run it.", code=f"instance_{instance.status}")
    if caller.door in {Door.API, Door.OPENAI} and not instance.terms.rest:
        raise Forbidden("This agent's plan does not include the API.", code="door_not_in_plan")
    if caller.door is Door.MCP and not instance.terms.mcp:
        raise Forbidden("This agent's plan does not include MCP.", code="door_not_in_plan")


def without_cost(run: RunView) -> RunView:
    """A run as a visitor of a customer's site is told of it: what it costs its owner is none of their business."""
    return replace(run, receipt=None)


def to_visitor(refusal: DomainError) -> DomainError:
    """A refusal in words for a visitor of a customer's site: nothing of the customer's credits, budgets, plan or workspace is in it."""
    words = "This agent cannot answer just now."
    match refusal:
        case InsufficientCredits():
            return NotServing(words)
        case Conflict(code="instance_paused" | "instance_suspended"):
            return Conflict(words, code="agent_unavailable")
        case RateLimited():
            return RateLimited("Many questions at once. Try again in a moment.", retry_after=refusal.retry_after)
    return refusal


def asked(command: RunCommand) -> None:
    """Raises Invalid for a request that asks nothing."""
    if not command.text.strip():
        raise Invalid("Ask the agent something.", fields={"input.query": "must not be empty"})


def fits(command: RunCommand) -> None:
    """Raises TooLarge, naming the field."""
    if len(command.text) > MAX_INPUT:
        detail = f"A question has at most {MAX_INPUT:,} characters; this one has {len(command.text):,}."
        raise TooLarge(detail, code="input_too_large", fields={"input.query": f"at most {MAX_INPUT} characters"})


def check_key(key: str) -> None:
    """Raises Invalid for an Idempotency-Key that cannot be one."""
    if not (0 < len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        raise Invalid("The Idempotency-Key is not usable.", fields={"Idempotency-Key": f"1 to {MAX_KEY} printable ASCII characters"})


def hold(terms: Terms, most: Credits | None) -> Credits:
    """What to set aside for a run: the most it may cost, which a cap has to allow. Source: docs/decisions/0007.

    Raises Invalid, by the field max_credits: `quote_exceeds_cap` when a run may cost more than the caller allows.
    """
    if most is None:
        return terms.run
    if most <= ZERO:
        raise Invalid("A cap of a run is more than 0 credits.", fields={"max_credits": "must be more than 0"})
    if most < terms.run:
        detail = f"A run of this agent costs up to {terms.run.words}, more than the cap of {most}."
        raise Invalid(detail, code="quote_exceeds_cap", fields={"max_credits": f"at least {terms.run}"})
    return terms.run


def charge(outcome: Outcome, terms: Terms, held: Credits) -> Credits:
    """What a run costs by the rules of its listing: never more than was held for it, and nothing when it failed."""
    cost = terms.rules.cost(ending(outcome), tokens=tokens(outcome.usage), delivered=len(outcome.text))
    return min(held, cost)


def ending(outcome: Outcome) -> Ending:
    match outcome.status:
        case RunStatus.SUCCEEDED:
            return Ending.SUCCESS if outcome.sources else Ending.EMPTY
        case RunStatus.CANCELLED:
            return Ending.CANCELLED
        case _:
            return Ending.TIMEOUT if outcome.error_code == "timeout" else Ending.ERROR


def tokens(usage: Mapping[str, int]) -> int | None:
    """How many tokens a run used, as its runner counted them. None when it did not, or counted less than nothing."""
    counted = [usage["total_tokens"]] if "total_tokens" in usage else [usage[name] for name in _COUNTED if name in usage]
    return sum(counted) if counted and min(counted) >= 0 else None


def cited(text: str, passages: Sequence[PassageIn]) -> tuple[SourceView, ...]:
    """The passages that the answer's `[n]` marks name, in the order they are first named."""
    by_number = {passage.n: passage for passage in passages}
    numbers = dict.fromkeys(int(n) for mark in _MARK.findall(text) for n in mark.split(","))
    found = [by_number[n] for n in numbers if n in by_number]
    return tuple(SourceView(p.n, p.document_id, p.document_name, p.place, _quote(p.text)) for p in found)


def request_key(owner: str, key: str) -> str:
    """An Idempotency-Key means something only to the one who sent it."""
    return hashlib.sha256(f"{owner}\n{key}".encode()).hexdigest()


def request_hash(command: RunCommand) -> str:
    """The same for two requests that ask the same. How the answer is to be delivered is no part of it."""
    cap = str(command.max_credits) if command.max_credits is not None else None
    asked: list[object] = [command.instance_id, command.text, command.conversation_id, cap]
    if command.history:
        asked.append([[turn.role, turn.text] for turn in command.history])
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def called(owner: str, name: str) -> str:
    """What a client calls a request means something only to itself, like its Idempotency-Key."""
    return hashlib.sha256(f"called\n{owner}\n{name}".encode()).hexdigest()


def _quote(text: str) -> str:
    return text if len(text) <= _QUOTE else text[:_QUOTE].rsplit(" ", 1)[0] + " …"
