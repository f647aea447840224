"""What crosses HTTP about keys and budgets. Credits are decimal strings. Unknown fields are refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from backend.control_plane.budgets import Limits, Spent
from backend.control_plane.keyring import KeyDetail, KeyWish, MadeKey
from backend.identity.keys import KeyLimits
from backend.kernel.caller import NEW_KEY_SCOPES, Scope
from backend.kernel.ids import InstanceId
from backend.kernel.money import ZERO, Credits


def _amount(text: str) -> str:
    if Credits.of(text) < ZERO:
        raise ValueError("must not be negative")
    return text


def _once(items: list[str]) -> list[str]:
    if len(set(items)) < len(items):
        raise ValueError("each at most once")
    return items


Amount = Annotated[str, Field(max_length=40, examples=["2.5"]), AfterValidator(_amount)]
Scopes = Annotated[list[Scope], Field(min_length=1, description="what the key may be used for"), AfterValidator(_once)]
Agents = Annotated[
    list[Annotated[str, Field(max_length=64)]],
    Field(min_length=1, max_length=1000, description="ids of the only agents it may use; null for all of them"),
    AfterValidator(_once),
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BudgetIn(_Strict):
    """Credits that may be spent in a UTC day and in a calendar month; null for no bound."""

    day: Amount | None = None
    month: Amount | None = None

    def limits(self, now: Limits | None = None) -> Limits:
        """now: what stays where nothing is said."""
        before, said = now or Limits(), self.model_fields_set
        day, month = (None if amount is None else Credits.of(amount) for amount in (self.day, self.month))
        return Limits(day if "day" in said else before.day, month if "month" in said else before.month)


class BoundOut(BaseModel):
    """used: charged and held since the bound was set, in the day or month that is running."""

    limit: str
    used: str


class BudgetOut(BaseModel):
    """null: no bound."""

    day: BoundOut | None
    month: BoundOut | None

    @classmethod
    def of(cls, limits: Limits, spent: Spent | None) -> BudgetOut:
        used = spent or Spent()
        return cls(day=_bound(limits.day, used.day), month=_bound(limits.month, used.month))


class KeyIn(_Strict):
    name: str = Field(description="1 to 80 characters, to recognise it by")
    scopes: Scopes = sorted(NEW_KEY_SCOPES)
    instances: Agents | None = None
    expires_at: AwareDatetime | None = Field(None, description="it works before then, for ever when null")
    budget: BudgetIn = BudgetIn()

    def wish(self) -> KeyWish:
        limits = KeyLimits(frozenset(self.scopes), _ids(self.instances), self.expires_at)
        return KeyWish(self.name, limits, self.budget.limits())


class KeyPatch(_Strict):
    """What is left out stays. The secret never changes."""

    name: str | None = None
    scopes: Scopes | None = None
    instances: Agents | None = None
    expires_at: AwareDatetime | None = None
    budget: BudgetIn | None = None

    def wish(self, now: KeyWish) -> KeyWish:
        said, limits = self.model_fields_set, now.limits
        if self.scopes is not None:
            limits = replace(limits, scopes=frozenset(self.scopes))
        if "instances" in said:
            limits = replace(limits, instances=_ids(self.instances))
        if "expires_at" in said:
            limits = replace(limits, expires_at=self.expires_at)
        budget = self.budget.limits(now.budget) if self.budget else Limits() if "budget" in said else now.budget
        return KeyWish(now.name if self.name is None else self.name, limits, budget)


class KeyOut(BaseModel):
    id: str
    name: str
    prefix: str
    scopes: list[Scope]
    instances: list[str] | None
    expires_at: datetime | None
    budget: BudgetOut
    created_at: datetime
    last_used_at: datetime | None
    revoked: bool

    @classmethod
    def of(cls, detail: KeyDetail, spent: Spent | None) -> KeyOut:
        key, limits = detail.key, detail.key.limits
        return cls(
            id=key.id,
            name=key.name,
            prefix=key.prefix,
            scopes=sorted(limits.scopes),
            instances=None if limits.instances is None else sorted(limits.instances),
            expires_at=limits.expires_at,
            budget=BudgetOut.of(detail.budget, spent),
            created_at=key.created_at,
            last_used_at=key.last_used_at,
            revoked=key.revoked,
        )


class NewKeyOut(KeyOut):
    key: str = Field(description="the secret, shown once")

    @classmethod
    def made(cls, made: MadeKey) -> NewKeyOut:
        return cls(**KeyOut.of(made.detail, None).model_dump(), key=made.secret)


class MemberBudgetOut(BaseModel):
    account_id: str
    budget: BudgetOut


class WidgetUseOut(BaseModel):
    widget_id: str
    budget: BudgetOut


class BudgetsOut(BaseModel):
    """members, widgets: those that have a budget of their own. Keys show theirs themselves."""

    workspace: BudgetOut
    members: list[MemberBudgetOut]
    widgets: list[WidgetUseOut]


def _bound(limit: Credits | None, used: Credits) -> BoundOut | None:
    return None if limit is None else BoundOut(limit=str(limit), used=str(used))


def _ids(instances: list[str] | None) -> frozenset[InstanceId] | None:
    return None if instances is None else frozenset(InstanceId(instance) for instance in instances)
