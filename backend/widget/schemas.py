"""What crosses HTTP about widgets."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from backend.widget.views import WidgetSession, WidgetUpdate, WidgetView


class WidgetOut(BaseModel):
    id: str
    instance_id: str
    number: int
    allowed_origins: list[str]
    title: str
    greeting: str
    contact_email: str
    enabled: bool

    @classmethod
    def of(cls, view: WidgetView) -> WidgetOut:
        return cls.model_validate(view, from_attributes=True)


class WidgetIn(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="ignore")

    allowed_origins: tuple[str, ...] | None = Field(None, description="exact origins, such as https://www.example.com")
    title: str | None = None
    greeting: str | None = None
    contact_email: str | None = Field(None, description="where visitors may write when the agent cannot answer")
    enabled: bool | None = None

    def update(self) -> WidgetUpdate:
        return WidgetUpdate(**self.model_dump())


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
