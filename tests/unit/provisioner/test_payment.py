"""How the payment of an order stands, for its buyer."""

from __future__ import annotations

import pytest

from backend.provisioner.policy import Payment, Standing, payment


@pytest.mark.parametrize(
    ("applied", "total", "charged", "refunded", "authorized", "received", "stands"),
    [
        (Standing.PAID, 1000, 1000, 0, 0, 1000, Payment.PAID),
        (Standing.PAID, 0, 0, 0, 0, 0, Payment.FREE),
        (Standing.UNPAID, 1000, 0, 0, 1000, 0, Payment.AUTHORIZED),
        (Standing.UNPAID, 1000, 400, 0, 0, 400, Payment.PARTLY_PAID),
        (Standing.UNPAID, 1000, 0, 0, 0, 0, Payment.WAITING),
        (Standing.PARTLY_REFUNDED, 1000, 600, 400, 0, 1000, Payment.PARTLY_REFUNDED),
        (Standing.PARTLY_REFUNDED, 1500, 1000, 0, 0, 1000, Payment.PARTLY_PAID),
        (Standing.PARTLY_REFUNDED, 1500, 600, 400, 0, 1000, Payment.PARTLY_REFUNDED),
        (Standing.PARTLY_REFUNDED, 1000, 600, 0, 0, 1000, Payment.PARTLY_REFUNDED),
        (Standing.REFUNDED, 1000, 0, 1000, 0, 1000, Payment.REFUNDED),
        (Standing.CHARGED_BACK, 1000, 0, 0, 0, 1000, Payment.CHARGED_BACK),
        (Standing.CANCELLED, 1000, 1000, 0, 0, 1000, Payment.PAID),
        (Standing.CANCELLED, 1000, 0, 0, 0, 0, Payment.CANCELLED),
        (Standing.CANCELLED, 1000, 400, 0, 0, 400, Payment.PARTLY_PAID),
        (Standing.CANCELLED, 1000, 0, 1000, 0, 1000, Payment.REFUNDED),
        (Standing.CANCELLED, 1000, 600, 400, 0, 1000, Payment.PARTLY_REFUNDED),
    ],
)
def test_a_payment_stands_as_the_money_does(
    applied: Standing, total: int, charged: int, refunded: int, authorized: int, received: int, stands: Payment
) -> None:
    assert payment(applied, {"total": total, "charged": charged, "refunded": refunded}, {"authorized": authorized}, received) == stands


def test_an_order_kept_before_its_sums_were_is_not_called_authorised() -> None:
    assert payment(Standing.UNPAID, {"total": 1000, "charged": 0, "refunded": 0}, {}, 0) == Payment.WAITING
