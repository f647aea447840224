"""The JSON of low-balance alerts. Credits are decimal strings. Unknown fields are refused."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from backend.control_plane.alerts.policy import Level, Rule, Threshold
from backend.kernel.errors import Invalid
from backend.kernel.money import Credits


class AlertsIn(BaseModel):
    """null turns a threshold off. Nothing left is always told."""

    model_config = ConfigDict(extra="forbid")

    percent: int | None = Field(description="Of the latest grant, 1 to 90.", ge=1, le=90)
    credits: str | None = Field(description="A decimal number of credits.", max_length=40, examples=["10"])
    mail: bool = Field(True, description="Whether owners and admins are written to.")

    def rule(self) -> Rule:
        """Raises Invalid."""
        try:
            return Rule(self.percent, None if self.credits is None else Credits.of(self.credits), self.mail)
        except ValueError:
            raise Invalid("Check the thresholds.", fields={"credits": "not a number of credits"}) from None


class ThresholdOut(BaseModel):
    level: Level
    at: str


class AlertsOut(BaseModel):
    """thresholds: the balances at which the workspace is told, now. standing: the gravest that is met, or null."""

    percent: int | None
    credits: str | None
    mail: bool
    thresholds: list[ThresholdOut]
    standing: Level | None

    @classmethod
    def of(cls, rule: Rule, thresholds: list[Threshold], standing: Threshold | None) -> AlertsOut:
        return cls(
            percent=rule.percent,
            credits=None if rule.credits is None else str(rule.credits),
            mail=rule.mail,
            thresholds=[ThresholdOut(level=one.level, at=str(one.at)) for one in thresholds],
            standing=standing.level if standing else None,
        )
