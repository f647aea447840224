"""What crosses HTTP about instances and offerings. Credits are decimal strings, knowledge is bytes."""

from __future__ import annotations

from datetime import datetime
from typing import Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from backend.catalogue import Terms
from backend.control_plane.instances import InstanceView
from backend.control_plane.offerings import Offering
from backend.control_plane.rule_schemas import ChargesOut, PricingOut

T = TypeVar("T")


class ListOut(BaseModel, Generic[T]):
    """next: the cursor of the following page, or null."""

    items: list[T]
    next: str | None = None


class TermsOut(BaseModel):
    run: str = Field(description="credits for one run, at most")
    credits: str = Field(description="credits included")
    knowledge_bytes: int
    widgets: int
    rest: bool
    mcp: bool
    requests_per_minute: int
    run_timeout_seconds: int = Field(description="a run that takes longer is stopped and costs nothing; 0 for what is not run")
    pricing: PricingOut
    charges: ChargesOut

    @classmethod
    def of(cls, terms: Terms) -> TermsOut:
        return cls(
            run=str(terms.run),
            credits=str(terms.credits),
            knowledge_bytes=terms.knowledge,
            widgets=terms.widgets,
            rest=terms.rest,
            mcp=terms.mcp,
            requests_per_minute=terms.rpm,
            run_timeout_seconds=terms.run_seconds,
            pricing=PricingOut.of(terms.rules),
            charges=ChargesOut.of(terms.charges),
        )


class InstanceOut(BaseModel):
    id: str
    name: str
    status: str
    sku: str
    plan: str
    plan_name: str
    product: str
    product_name: str
    terms: TermsOut
    suspended_for: str
    created_at: datetime

    @classmethod
    def of(cls, view: InstanceView) -> InstanceOut:
        return cls(
            id=view.id,
            name=view.name,
            status=view.status.value,
            sku=view.sku,
            plan=view.plan,
            plan_name=view.plan_name,
            product=view.product_slug,
            product_name=view.product_name,
            terms=TermsOut.of(view.terms),
            suspended_for=view.suspended_for,
            created_at=view.created_at,
        )


class InstancePatch(BaseModel):
    """What is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = None
    status: Literal["live", "paused"] | None = None


class OfferingOut(BaseModel):
    sku: str
    kind: str
    product: str
    product_name: str
    plan: str
    plan_name: str
    terms: TermsOut

    @classmethod
    def of(cls, offering: Offering) -> OfferingOut:
        return cls(
            sku=offering.sku,
            kind=offering.kind,
            product=offering.product_slug,
            product_name=offering.product_name,
            plan=offering.plan,
            plan_name=offering.plan_name,
            terms=TermsOut.of(offering.terms),
        )
