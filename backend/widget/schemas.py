"""What crosses HTTP about widgets."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from backend.control_plane.budgets import Limits
from backend.control_plane.key_schemas import BudgetIn
from backend.widget.views import WidgetSession, WidgetUpdate, WidgetView


class WidgetBudgetOut(BaseModel):
    """Credits that the widget's visitors may spend in a UTC day and in a calendar month; null for no bound. Used: `GET /v1/budgets`."""

    day: str | None
    month: str | None

    @classmethod
    def of(cls, limits: Limits) -> WidgetBudgetOut:
        return cls(
            day=None if limits.day is None else str(limits.day),
            month=None if limits.month is None else str(limits.month),
        )


class WidgetOut(BaseModel):
    id: str
    instance_id: str
    number: int
    allowed_origins: list[str]
    title: str
    greeting: str
    contact_email: str
    enabled: bool
    budget: WidgetBudgetOut

    @classmethod
    def of(cls, view: WidgetView) -> WidgetOut:
        return cls(
            id=view.id,
            instance_id=view.instance_id,
            number=view.number,
            allowed_origins=list(view.allowed_origins),
            title=view.title,
            greeting=view.greeting,
            contact_email=view.contact_email,
            enabled=view.enabled,
            budget=WidgetBudgetOut.of(view.budget),
        )


class WidgetIn(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="ignore")

    allowed_origins: tuple[str, ...] | None = Field(None, description="exact origins, such as https://www.example.com")
    title: str | None = None
    greeting: str | None = None
    contact_email: str | None = Field(None, description="where visitors may write when the agent cannot answer")
    enabled: bool | None = None
    budget: BudgetIn | None = Field(None, description="what its visitors may spend, as a whole; null for no bounds")

    def update(self) -> WidgetUpdate:
        budget = (self.budget or BudgetIn()).limits() if "budget" in self.model_fields_set else None
        return WidgetUpdate(**self.model_dump(exclude={"budget"}), budget=budget)


class SessionIn(BaseModel):
    widget_id: str = Field(max_length=64)


class SessionOut(BaseModel):
    token: str = Field(description="a Bearer for /v1/runs of this agent alone")
    instance_id: str
    session_id: str
    expires_at: datetime
    title: str
    greeting: str
    contact_email: str

    @classmethod
    def of(cls, session: WidgetSession) -> SessionOut:
        return cls.model_validate(session, from_attributes=True)
