"""Quotes over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from backend.control_plane.rule_schemas import ChargesOut, PricingOut
from backend.doors import Who
from backend.gateway.quotes import ENOUGH, LAST, Estimate, Quote, Quotes
from backend.gateway.schemas import RunIn
from backend.kernel.caller import Caller


class EstimateOut(BaseModel):
    """Of this agent's last answers, at the price of today: half cost p50 or less, 95 of 100 cost p95 or less."""

    p50: str
    p95: str
    p50_ms: int
    p95_ms: int
    runs: int = Field(description=f"answers among the last {LAST} runs")

    @classmethod
    def of(cls, estimate: Estimate) -> "EstimateOut":
        return cls(p50=str(estimate.p50), p95=str(estimate.p95), p50_ms=estimate.p50_ms, p95_ms=estimate.p95_ms, runs=estimate.runs)


class RefusalOut(BaseModel):
    code: str
    detail: str


class QuoteOut(BaseModel):
    """What a run would cost. Credits are decimal strings. Nothing is held, and nothing is promised but `max`."""

    instance_id: str
    pricing: PricingOut
    charges: ChargesOut
    hold: str = Field(description="what would be set aside")
    max: str = Field(description="the most this run can cost")
    exact: bool = Field(description="an answer that is charged costs exactly `max`")
    estimate: EstimateOut | None
    estimate_missing: str | None = Field(description="why there is no estimate")
    available: str
    affordable: bool
    refusals: list[RefusalOut] = Field(description="why the run would be refused for its price; empty when it is affordable")

    @classmethod
    def of(cls, quote: Quote) -> "QuoteOut":
        terms = quote.instance.terms
        return cls(
            instance_id=quote.instance.id,
            pricing=PricingOut.of(terms.rules),
            charges=ChargesOut.of(terms.charges),
            hold=str(quote.hold),
            max=str(quote.hold),
            exact=terms.tokens is None,
            estimate=EstimateOut.of(quote.estimate) if quote.estimate else None,
            estimate_missing=None if quote.estimate else f"Fewer than {ENOUGH} of this agent's last {LAST} runs were answered.",
            available=str(quote.available),
            affordable=not quote.refusals,
            refusals=[RefusalOut(code=one.code, detail=one.detail) for one in quote.refusals],
        )


def routes(quotes: Quotes, who: Who) -> APIRouter:
    router = APIRouter(tags=["runs"])

    @router.post("/v1/runs:quote")
    async def quote_run(body: RunIn, caller: Annotated[Caller, Depends(who.run_lister)]) -> QuoteOut:
        """What this run would cost: the body of `POST /v1/runs`. Nothing is held, nothing runs, nothing is kept."""
        return QuoteOut.of(await quotes.quote(caller, body.command(None)))

    return router
