"""What the workspace's pages show, as plain values ready to print: they cross the websocket, so they are small. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from backend.control_plane.instances import InstanceView
from backend.gateway.quotes import Estimate
from backend.kernel.money import ZERO, Credits
from backend.kernel.pricing import Charge
from backend.ledger.views import Receipt
from cmp_web.state import rules, words
from cmp_web.state.views import Row

STATUS = {"live": ("Live", "go"), "paused": ("Paused", "wa"), "suspended": ("Suspended", "ba")}
RUN_STATUS = {
    "running": ("Running", "live"),
    "succeeded": ("Answered", "go"),
    "failed": ("Failed", "ba"),
    "cancelled": ("Stopped", ""),
}
DOORS = {"workspace": "Chat", "api": "API", "openai": "OpenAI", "mcp": "MCP", "widget": "Widget"}
_CITED = re.compile(r"\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]")


@dataclass(frozen=True)
class Piece:
    """A stretch of an answer: text, or the number of a source."""

    text: str
    cite: bool = False


@dataclass(frozen=True)
class SourceRow:
    n: int
    name: str
    place: str
    quote: str


@dataclass(frozen=True)
class AgentRow:
    """run: what a run costs. most: what is held for it. empty_free: whether an answer without a source costs nothing."""

    id: str = ""
    name: str = ""
    status: str = ""
    status_words: str = ""
    tone: str = ""
    sku: str = ""
    title: str = ""
    plan: str = ""
    slug: str = ""
    emblem: str = "agent"
    run: str = ""
    most: str = ""
    tokens: str = ""
    empty_free: bool = True
    knowledge: int = 0
    knowledge_words: str = ""
    rest: bool = False
    mcp: bool = False
    rpm: int = 0
    longest: str = ""
    created: str = ""
    suspended_for: str = ""


@dataclass(frozen=True)
class LotRow:
    label: str
    amount: str


@dataclass(frozen=True)
class ReceiptRow:
    quoted: str = ""
    held: str = ""
    charged: str = ""
    released: str = ""
    available: str = ""
    at: str = ""
    open: bool = False
    lots: list[LotRow] = field(default_factory=list)


@dataclass(frozen=True)
class RunRow:
    """charged: what stands in the list's last column. seconds: how long the run took, "" while it runs. href: where it is open."""

    id: str = ""
    short: str = ""
    agent_id: str = ""
    agent: str = ""
    door: str = ""
    status: str = ""
    status_words: str = ""
    tone: str = ""
    query: str = ""
    started: str = ""
    charged: str = ""
    seconds: str = ""
    href: str = ""


@dataclass(frozen=True)
class RunEventRow:
    n: int
    name: str
    words: str


@dataclass(frozen=True)
class RunSheet:
    """One run in full. caller: who asked. file: where its receipt is. newer, older: where its neighbours in the list are open."""

    row: RunRow = field(default_factory=RunRow)
    pieces: list[Piece] = field(default_factory=list)
    sources: list[SourceRow] = field(default_factory=list)
    receipt: ReceiptRow = field(default_factory=ReceiptRow)
    events: list[RunEventRow] = field(default_factory=list)
    caller: str = ""
    tokens: str = ""
    error: str = ""
    error_code: str = ""
    cost: str = ""
    file: str = ""
    newer: str = ""
    older: str = ""


def stamp(at: datetime) -> str:
    """ISO 8601; the browser writes it in the reader's own time."""
    return at.isoformat()


def agent_row(view: InstanceView) -> AgentRow:
    said, tone = STATUS[view.status]
    return AgentRow(
        id=view.id,
        name=view.name,
        status=view.status,
        status_words=said,
        tone=tone,
        sku=view.sku,
        title=f"{view.product_name} – {view.plan_name}",
        plan=view.plan_name,
        slug=view.product_slug,
        emblem=view.emblem,
        run=rules.price(view.terms.rules),
        most=words.credits(view.terms.run),
        tokens=rules.by_tokens(view.terms.rules),
        empty_free=view.terms.charges.empty is Charge.NOTHING,
        knowledge=view.terms.knowledge,
        knowledge_words=words.megabytes(view.terms.knowledge),
        rest=view.terms.rest,
        mcp=view.terms.mcp,
        rpm=view.terms.rpm,
        longest=words.count(view.terms.run_seconds, "second"),
        created=stamp(view.created_at),
        suspended_for=view.suspended_for,
    )


def usual(estimate: Estimate | None) -> list[Row]:
    """What half of the last answers came to at most, and 95 of 100."""
    if estimate is None:
        return []
    cost = f"{estimate.p50}, seldom over {words.credits(estimate.p95)}" if estimate.p50 < estimate.p95 else words.credits(estimate.p50)
    return [Row("An answer usually costs", cost), Row("It usually takes", f"{estimate.p50_ms / 1000:.1f} s")]


def receipt_row(receipt: Receipt | None) -> ReceiptRow:
    if receipt is None:
        return ReceiptRow()
    return ReceiptRow(
        quoted=words.credits(receipt.quoted),
        held=words.credits(receipt.held),
        charged=words.credits(receipt.charged),
        released=words.credits(receipt.released),
        available=words.credits(receipt.available),
        at=stamp(receipt.at),
        open=receipt.status == "open",
        lots=[LotRow(lot.label, words.credits(lot.amount)) for lot in receipt.lots],
    )


def receipt_parts(receipt: Receipt | None) -> list[str]:
    """The line under an answer: "Quoted 1", "held 1", "charged 1 credit"."""
    if receipt is None:
        return []
    last = "answering" if receipt.status == "open" else f"charged {words.credits(receipt.charged)}"
    return [f"Quoted {receipt.quoted}", f"held {receipt.held}", last]


def charged_words(receipt: Receipt | None) -> str:
    if receipt is None:
        return words.credits(ZERO)
    return f"held {receipt.held}" if receipt.status == "open" else words.credits(receipt.charged)


def pieces(text: str) -> list[Piece]:
    """An answer cut at its citations, `[n]` or `[n, m]`."""
    parts = _CITED.split(text)
    # The space before a mark goes: the chip brings its own.
    tight = [part if i % 2 or i == len(parts) - 1 else part.rstrip(" ") for i, part in enumerate(parts)]
    return [Piece(part, cite=bool(i % 2)) for i, part in enumerate(tight) if part]


def size_words(size: int) -> str:
    """size: bytes."""
    for unit, factor in (("MB", 1024**2), ("KB", 1024)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}".replace(".0 ", " ")
    return words.count(size, "byte")


def signed(amount: Credits) -> str:
    """With a true minus sign: "+50", "−1"."""
    return f"−{-amount}" if amount.micro < 0 else f"+{amount}" if amount else "0"


def share(part: int, whole: int) -> int:
    """Per cent of the whole, 0 to 100."""
    return min(100, max(0, round(100 * part / whole))) if whole > 0 else 0
