"""What the shop refuses, in words for a buyer."""

from __future__ import annotations

from backend.kernel.errors import DomainError, Forbidden, NotFound


class CommerceError(DomainError):
    """The shop said no. `code` is Saleor's own code in lower case; `fields` are named as ours are (`street_address_1`)."""

    code = "commerce_rejected"
    title = "The shop refused this"


class CheckoutGone(CommerceError, NotFound):
    """The checkout was completed, has expired, or never was."""

    code = "checkout_gone"
    title = "This cart is gone"


class NotPermitted(Forbidden):
    """The token does not reach that far. said: Saleor's own words, which name the permission; for whoever sets the shop up."""

    code = "shop_forbidden"

    def __init__(self, detail: str, *, said: str) -> None:
        super().__init__(detail)
        self.said = said
