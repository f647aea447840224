"""Agents as tools, and runs as their results. Pure but for the vendor's types."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mcp import types
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from backend.control_plane.views import InstanceView, Status
from backend.gateway import policy
from backend.gateway.schemas import Cap, SourceOut
from backend.gateway.views import RunCommand
from backend.kernel.errors import DomainError, Invalid, RateLimited, Unavailable
from backend.kernel.money import Credits
from backend.kernel.pricing import Charge, Ending

_SUFFIX = 8
"""Characters of an instance's id that end a tool's name: all of them random."""
_SLUG = 48


class Ask(BaseModel):
    model_config = ConfigDict(extra="forbid", title="Ask")

    query: str = Field(min_length=1, max_length=policy.MAX_INPUT, description="The question, in plain words.")
    session_id: str | None = Field(
        None, max_length=200, description="The conversation to go on with, from an earlier answer. A new one when absent."
    )
    max_credits: Cap | None = None

    def command(self, instance_id: str, called: str) -> RunCommand:
        cap = Credits.of(self.max_credits) if self.max_credits is not None else None
        return RunCommand(instance_id, self.query, self.session_id, cap, called=called)


class Answer(BaseModel):
    """charged, available: credits, as decimal strings."""

    model_config = ConfigDict(title="Answer")

    run_id: str
    status: str
    text: str
    session_id: str
    sources: list[SourceOut]
    charged: str
    available: str


def name(agent: InstanceView) -> str:
    """Says which agent it is, and never means another one: what counts is its end, so that an agent may be renamed."""
    plain = unicodedata.normalize("NFKD", agent.name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:_SLUG].strip("_") or "agent"
    return f"{slug}_{agent.id[-_SUFFIX:].lower()}"


def named(agents: Iterable[InstanceView], tool: str) -> InstanceView | None:
    """The agent that a tool's name means, also by an earlier name of the agent."""
    end = tool.rpartition("_")[2]
    found = [agent for agent in agents if agent.id[-_SUFFIX:].lower() == end]
    return found[0] if len(found) == 1 else None


def listed(agents: Iterable[InstanceView]) -> list[types.Tool]:
    """Those that may be asked now."""
    return [_tool(agent) for agent in agents if agent.terms.mcp and agent.status is Status.LIVE]


def asked(arguments: Mapping[str, Any]) -> Ask:
    """Raises Invalid, naming the argument."""
    try:
        return Ask.model_validate(arguments)
    except ValidationError as error:
        faults = {".".join(str(part) for part in fault["loc"]) or "arguments": fault["msg"] for fault in error.errors()}
        words = "; ".join(f"{field}: {words}" for field, words in faults.items())
        raise Invalid(f"Some arguments are missing or wrong: {words}", fields=faults) from None


def result(run: Mapping[str, Any]) -> types.CallToolResult:
    """run: the JSON of a run that has ended."""
    if run["status"] == "failed":
        return refused(run["error"]["code"], f"{run['error']['detail']} The run cost nothing.", run_id=run["id"])
    receipt, output = run["receipt"] or {}, run["output"]
    answer = Answer(
        run_id=run["id"],
        status=run["status"],
        text=output["text"],
        session_id=run["session_id"],
        sources=output["sources"],
        charged=receipt.get("charged", "0"),
        available=receipt.get("available", "0"),
    )
    text = "\n\n".join(part for part in (answer.text, _places(answer.sources)) if part)
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], structuredContent=answer.model_dump())


def refusal(error: DomainError) -> types.CallToolResult:
    wait = error.retry_after if isinstance(error, RateLimited | Unavailable) else 0
    return refused(error.code, error.detail, **({"retry_after": wait} if wait else {}))


def refused(code: str, detail: str, **more: Any) -> types.CallToolResult:
    """Words that the assistant reads, and the stable code for programs."""
    said = types.TextContent(type="text", text=f"{code}: {detail}")
    return types.CallToolResult(content=[said], structuredContent={"error": {"code": code, "detail": detail, **more}}, isError=True)


def _tool(agent: InstanceView) -> types.Tool:
    sort = f" ({agent.product_name})" if agent.product_name != agent.name else ""
    about = f"Ask {agent.name}{sort}. It answers from the documents it was given, and cites them."
    free = "; one that is not in its documents costs nothing" if agent.terms.charges.of(Ending.EMPTY) is Charge.NOTHING else ""
    return types.Tool(
        name=name(agent),
        title=agent.name,
        description=f"{about} An answer costs up to {agent.terms.run.words}{free}.",
        inputSchema=Ask.model_json_schema(),
        outputSchema=Answer.model_json_schema(),
        # Nothing is changed by asking but the balance, and that is a reason for an assistant to ask its user first.
        annotations=types.ToolAnnotations(
            title=agent.name, readOnlyHint=False, destructiveHint=False, idempotentHint=False, openWorldHint=False
        ),
    )


def _places(sources: Sequence[SourceOut]) -> str:
    lines = [f"[{s.n}] {s.document_name}, {s.place}" if s.place else f"[{s.n}] {s.document_name}" for s in sources]
    return "\n".join(["Sources:", *lines]) if lines else ""
