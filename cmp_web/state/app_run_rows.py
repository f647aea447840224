"""A run as a row of the list, and as a slip with all that happened. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from backend.gateway.views import RunStatus, RunView
from cmp_web import routes
from cmp_web.state import words
from cmp_web.state.app_rows import (
    DOORS,
    RUN_STATUS,
    RunEventRow,
    RunRow,
    RunSheet,
    SourceRow,
    charged_words,
    pieces,
    receipt_row,
    stamp,
)


def run_row(view: RunView, href: str = "") -> RunRow:
    """href: where a press on it leads; the list of all runs, with this one open, unless said otherwise."""
    said, tone = RUN_STATUS[view.status]
    return RunRow(
        id=view.id,
        short=f"…{view.id[-4:]}",
        agent_id=view.instance_id,
        agent=view.instance_name,
        door=DOORS[view.door],
        status=view.status,
        status_words=said,
        tone=tone,
        query=view.query,
        started=stamp(view.started_at),
        charged=charged_words(view.receipt),
        seconds=_seconds(view),
        href=href or routes.run(view.id),
    )


def run_sheet(view: RunView, caller: str = "") -> RunSheet:
    return RunSheet(
        row=run_row(view),
        pieces=pieces(view.text),
        sources=[SourceRow(s.n, s.document_name, s.place, s.quote) for s in view.sources],
        receipt=receipt_row(view.receipt),
        events=[RunEventRow(n, name, said) for n, (name, said) in enumerate(_events(view, caller), start=1)],
        caller=caller,
        tokens=_tokens(view.usage),
        error=view.error_detail,
        error_code=view.error_code,
        cost=_cost(view),
        file=f"{routes.RECEIPTS}/{view.id}" if view.receipt else "",
    )


def _events(view: RunView, caller: str) -> list[tuple[str, str]]:
    """What happened, in order, under the names that the API gives it."""
    found = []
    if view.receipt is not None:
        found.append(("credits.held", words.credits(view.receipt.held)))
    found.append(("run.started", ", ".join(filter(None, [DOORS[view.door], caller]))))
    if view.text:
        found.append(("token", words.count(len(view.text.split()), "word")))
    found += [("source", ", ".join(filter(None, [s.document_name, s.place]))) for s in view.sources]
    if view.status is RunStatus.RUNNING:
        return found
    ends = {RunStatus.FAILED: ("run.failed", view.error_code), RunStatus.CANCELLED: ("run.completed", f"Stopped after {_seconds(view)}")}
    found.append(ends.get(view.status, ("run.completed", _seconds(view))))
    if view.receipt is not None:
        whole = f"Charged {view.receipt.charged}, released {view.receipt.released}"
        found.append(("credits.settled", whole) if view.receipt.charged else ("credits.released", words.credits(view.receipt.released)))
    return found


def _cost(view: RunView) -> str:
    """What there is to say of a run that cost nothing."""
    if view.receipt is None or view.receipt.charged or view.status is RunStatus.RUNNING:
        return ""
    if view.status is RunStatus.FAILED:
        return "This run cost nothing: a run that fails is free."
    return "This run cost nothing."


def _seconds(view: RunView) -> str:
    return f"{view.duration_ms / 1000:.1f} s" if view.status is not RunStatus.RUNNING else ""


def _tokens(usage: Mapping[str, int]) -> str:
    """Tokens in and out, or "" when no model was asked."""
    return f"{usage['input_tokens']}, {usage['output_tokens']}" if "input_tokens" in usage else ""
