"""The gateway's JSON. Credits are decimal strings, moments ISO 8601 in UTC. Unknown fields are refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from backend.gateway.usage import By, Period, Sums, total
from backend.gateway.views import RunCommand, RunStatus, RunView
from backend.kernel.caller import Door
from backend.kernel.money import ZERO, Credits
from backend.kernel.page import Page
from backend.ledger.schemas import ReceiptOut


def _amount(text: str) -> str:
    if Credits.of(text) <= ZERO:
        raise ValueError("must be more than 0")
    return text


_CAP = Field(
    max_length=40,
    description="The most this run may cost, as a decimal number of credits.",
    examples=["2.5"],
    json_schema_extra={"pattern": r"^[0-9]{1,9}(\.[0-9]{1,6})?$"},
)
Cap = Annotated[str, _CAP, AfterValidator(_amount)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RunInput(_Strict):
    query: str = Field(description="The question. At most 16,000 characters.")


class RunIn(_Strict):
    """stream: answer with server-sent events. background: answer 202 at once; read the run later."""

    instance_id: str = Field(max_length=64)
    input: RunInput
    session_id: str | None = Field(None, max_length=200, description="The conversation to go on with; a new one when absent.")
    stream: bool = False
    background: bool = False
    max_credits: Cap | None = None

    def command(self, idempotency_key: str | None) -> RunCommand:
        cap = Credits.of(self.max_credits) if self.max_credits is not None else None
        return RunCommand(self.instance_id, self.input.query, self.session_id, cap, idempotency_key, background=self.background)


class SourceOut(BaseModel):
    n: int
    document_id: str
    document_name: str
    place: str
    quote: str


class OutputOut(BaseModel):
    """text: the answer, with `[n]` marks that name its sources."""

    text: str
    sources: list[SourceOut]


class ErrorOut(BaseModel):
    code: str
    detail: str


class RunOut(BaseModel):
    """One run of an agent. error: null unless it failed."""

    id: str
    status: RunStatus
    instance_id: str
    instance_name: str
    session_id: str
    door: Door
    input: RunInput
    output: OutputOut
    usage: dict[str, int]
    receipt: ReceiptOut | None
    error: ErrorOut | None
    started_at: datetime
    duration_ms: int

    @classmethod
    def of(cls, run: RunView) -> RunOut:
        return cls(
            id=run.id,
            status=run.status,
            instance_id=run.instance_id,
            instance_name=run.instance_name,
            session_id=run.conversation_id,
            door=run.door,
            input=RunInput(query=run.query),
            output=OutputOut(text=run.text, sources=[SourceOut(**asdict(source)) for source in run.sources]),
            usage=dict(run.usage),
            receipt=ReceiptOut.of(run.receipt) if run.receipt else None,
            error=ErrorOut(code=run.error_code, detail=run.error_detail) if run.error_code else None,
            started_at=run.started_at,
            duration_ms=run.duration_ms,
        )


class RunsOut(BaseModel):
    items: list[RunOut]
    next: str | None

    @classmethod
    def of(cls, page: Page[RunView]) -> RunsOut:
        return cls(items=[RunOut.of(run) for run in page.items], next=page.next)


class SumsOut(BaseModel):
    """tokens: in and out. duration_ms: of all the runs together."""

    runs: int
    succeeded: int
    failed: int
    cancelled: int
    charged: str
    tokens: int
    duration_ms: int


class UsageRowOut(SumsOut):
    """key: the day, the agent's id, the owner (`key:key_…`, `account:acc_…`, `widget:wid_…`) or the door."""

    key: str


class UsageOut(BaseModel):
    """Runs that ended on these days, UTC, the last one too."""

    since: date = Field(serialization_alias="from")
    until: date = Field(serialization_alias="to")
    by: By
    items: list[UsageRowOut]
    total: SumsOut

    @classmethod
    def of(cls, period: Period, by: By, found: Mapping[str, Sums]) -> UsageOut:
        rows = [UsageRowOut(key=key, **_sums(sums)) for key, sums in found.items()]
        return cls(since=period.first, until=period.last, by=by, items=rows, total=SumsOut(**_sums(total(found.values()))))


def _sums(sums: Sums) -> dict[str, Any]:
    return asdict(sums) | {"charged": str(sums.charged)}
