"""Price and charge rules in JSON."""

from __future__ import annotations

from pydantic import BaseModel, Field

from backend.kernel.pricing import Charge, Charges, Rules


class PricingOut(BaseModel):
    """Credits. A run costs `run`, and `per_1000_tokens` for each 1,000 tokens when that is set; never below minimum nor above maximum."""

    run: str
    per_1000_tokens: str | None = Field(description="null for a price a run")
    minimum: str
    maximum: str

    @classmethod
    def of(cls, rules: Rules) -> PricingOut:
        tokens = rules.tokens
        return cls(
            run=str(tokens.run if tokens else rules.most),
            per_1000_tokens=str(tokens.per_1000) if tokens else None,
            minimum=str(rules.least),
            maximum=str(rules.most),
        )


class ChargesOut(BaseModel):
    """What is charged for a run by the way it ended. empty: answered without a source."""

    success: Charge
    empty: Charge
    error: Charge
    timeout: Charge
    cancelled: Charge
    refused: Charge

    @classmethod
    def of(cls, charges: Charges) -> ChargesOut:
        return cls.model_validate(charges, from_attributes=True)
