"""What crosses HTTP when someone registers or signs in."""

from __future__ import annotations

from pydantic import BaseModel, Field

from backend.identity.service import AccountView


class Credentials(BaseModel):
    """next: the path to go to afterwards."""

    email: str = Field(max_length=300)
    password: str = Field(max_length=1000)
    next: str = Field("", max_length=2000)


class Registration(Credentials):
    name: str = Field("", max_length=200)


class AccountOut(BaseModel):
    id: str
    email: str
    name: str
    email_verified: bool

    @classmethod
    def of(cls, view: AccountView) -> AccountOut:
        return cls(id=view.id, email=view.email, name=view.name, email_verified=view.email_verified)
