"""What came of pressing Pay, as the page shows it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from backend.commerce.gateways import Action
from backend.commerce.models import AttemptRow
from backend.commerce.schemas import Address, Checkout
from backend.commerce.seen import Change, Seen
from backend.kernel.ids import WorkspaceId
from backend.kernel.money import Money

Kind = Literal[
    "placed",
    "changed",
    "invalid",
    "action",
    "open",
    "declined",
    "pending",
    "unknown",
    "free",
    "stranded",
    "gone",
    "busy",
    "refused",
    "unavailable",
]
AWAY = "The shop does not answer just now. Nothing was charged, and what you typed is kept. Try again in a moment."
UNSURE = "The shop does not answer just now, so it is not known yet whether the payment went through. Try again: the shop is asked first."
PAID_UNPLACED = "Your payment went through, and the order is being placed. The shop does not answer just now; nothing is charged again."
NOT_TAKEN = "As far as the shop knows, the payment was not taken. You can pay now."
WORKING = "Your payment is being processed. This page looks again by itself; you can also close it and come back."
CHANGED = "A payment of {begun} was begun, and the total is {now} now. It was not made. Check the total, and press the button again."
OPEN = "You have a payment of {begun} open at {where}. Go on with it, or give it up before you pay another way."
OPEN_DIFFERS = "You have a payment of {begun} open at {where}, and the total is {now} now. Give it up, then pay the new total."
UNKNOWN_STEP = "This way to pay asks for a step that this storefront does not know. Choose another way to pay."
LEFT = "You gave this payment up. Do not finish it at the bank. You can pay another way."
BUSY = "This order is being paid for in another window. It is shown here as soon as it is done."
STRANDED = (
    "Your payment went through, but the order could not be placed: {reason} You are not charged again. The shop has this payment in its "
    "list, and either places the order or gives the money back. Should you need to write to it, the reference is {ref}."
)


SETTLED = "The shop has dealt with this payment by hand. Nothing more is taken for it. The reference, should you write to the shop: {ref}."
_TRIED: dict[str, str] = {
    "placed": "The order was placed, and goes its way like any other.",
    "busy": "The shop is placing this order just now. Look again in a moment.",
    "unknown": "The shop does not answer just now. Nothing was changed; try again in a moment.",
}


@dataclass(frozen=True, slots=True)
class Buyer:
    """visitor: the value of the visitor cookie. workspace_id: of a buyer who is signed in. shown: what their page shows, or None."""

    visitor: str
    workspace_id: WorkspaceId | None = None
    shown: Seen | None = None


@dataclass(frozen=True, slots=True)
class Details:
    """What the form says of the buyer. agreed: to the terms."""

    email: str
    address: Address
    agreed: bool = True

    def missing(self) -> dict[str, str]:
        """What we ask for beside the parts of the address, which are the shop's to check."""
        asked = {
            "email": (self.email, "Enter an e-mail address."),
            "first_name": (self.address.first_name, "Enter your first name."),
            "last_name": (self.address.last_name, "Enter your last name."),
            "terms": (self.agreed, "Agree to the terms to go on."),
        }
        return {name: words for name, (given, words) in asked.items() if not given}


@dataclass(frozen=True, slots=True)
class Outcome:
    """message: for the buyer. fields: what is wrong, by our name of the field (`email`, `postal_code`). checkout: as it stands now."""

    kind: Kind
    message: str = ""
    order_ref: str = ""
    action: Action | None = None
    gateway: str = ""
    changes: tuple[Change, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    checkout: Checkout | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A checkout as a page opens it. changes: since it was shown last. outcome: of a payment begun before, None when there is none."""

    checkout: Checkout | None
    changes: tuple[Change, ...] = ()
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class StrandedView:
    """A payment without its order, for the operator: the transaction is found in the shop's dashboard by its id or the buyer's e-mail.
    id: the reference its buyer was told. settled_*: once an operator dealt with it by hand.
    """

    id: str
    checkout_id: str
    email: str
    amount: Money
    gateway: str
    transaction_id: str
    reason: str
    at: datetime
    settled_at: datetime | None = None
    settled_by: str = ""
    settled_reason: str = ""


def stranded_of(row: AttemptRow) -> StrandedView:
    return StrandedView(
        row.id,
        row.checkout_id,
        row.email,
        Money(row.amount_minor, row.currency),
        row.gateway,
        row.transaction_id,
        row.reason,
        row.created_at,
        row.settled_at,
        row.settled_by,
        row.settled_reason,
    )


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of trying again to place the order of a stranded payment, in words for the operator. order_ref: "" for none yet."""

    words: str
    order_ref: str = ""


def tried(outcome: Outcome, reason: str) -> Tried:
    """reason: why the shop refuses."""
    return Tried(_TRIED.get(outcome.kind, f"The shop still refuses: {reason}"), outcome.order_ref)
