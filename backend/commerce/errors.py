"""What the shop refuses, in words for a buyer."""

from __future__ import annotations

from backend.kernel.errors import DomainError, NotFound


class CommerceError(DomainError):
    """The shop said no. `code` is Saleor's own code in lower case; `fields` are named as ours are (`street_address_1`)."""

    code = "commerce_rejected"
    title = "The shop refused this"


class CheckoutGone(CommerceError, NotFound):
    """The checkout was completed, has expired, or never was."""

    code = "checkout_gone"
    title = "This cart is gone"
