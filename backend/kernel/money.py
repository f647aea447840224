"""Money in minor units and credits in micro-credits. Never a float."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow

MICRO = 1_000_000
"""Micro-credits in one credit."""
MAX_MICRO = 2**63 - 1
"""What a column of the ledger holds."""
_EXACT = Context(prec=80, traps=[InvalidOperation, Inexact, Overflow])
"""Refuses what it would have to round."""

_WHOLE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"
_MINOR_DIGITS = dict.fromkeys(_WHOLE.split(), 0) | dict.fromkeys(_THOUSANDTHS.split(), 3) | {"CLF": 4, "UYW": 4}
"""The currencies of ISO 4217 whose minor unit is not a hundredth."""


@dataclass(frozen=True, order=True, slots=True)
class Credits:
    """An amount of credits, kept as whole micro-credits (1 credit = 1,000,000)."""

    micro: int

    @classmethod
    def of(cls, amount: Decimal | str | int) -> Credits:
        """From a decimal number of credits. Raises ValueError for NaN, infinities, parts finer than a micro-credit, and more than a
        ledger's column holds."""
        try:
            micro = _EXACT.multiply(_EXACT.create_decimal(amount), Decimal(MICRO))
        except ArithmeticError:
            raise ValueError(f"not a number of credits: {amount!r}") from None
        if not micro.is_finite() or abs(micro) > MAX_MICRO or micro != micro.to_integral_value():
            raise ValueError(f"not a whole number of micro-credits: {amount!r}")
        return cls(int(micro))

    def __add__(self, other: Credits) -> Credits:
        return Credits(self.micro + other.micro)

    def __sub__(self, other: Credits) -> Credits:
        return Credits(self.micro - other.micro)

    def __neg__(self) -> Credits:
        return Credits(-self.micro)

    def __bool__(self) -> bool:
        return self.micro != 0

    def __str__(self) -> str:
        """The decimal form that crosses the wire: no exponent, no trailing zeros ("2.5", "200", "0")."""
        if self.micro % MICRO == 0:
            return str(self.micro // MICRO)
        sign = "-" if self.micro < 0 else ""
        whole, part = divmod(abs(self.micro), MICRO)
        return f"{sign}{whole}.{part:06d}".rstrip("0")

    @property
    def words(self) -> str:
        """With its unit, for a sentence: "1 credit", "2.5 credits"."""
        return f"{self} {'credit' if self.micro == MICRO else 'credits'}"


ZERO = Credits(0)


@dataclass(frozen=True, order=True, slots=True)
class Money:
    """An amount in the currency's minor unit (cents for USD)."""

    amount_minor: int
    currency: str

    @classmethod
    def of(cls, amount: Decimal | str | int | float, currency: str) -> Money:
        """From a decimal amount as Saleor's JSON gives it (19.99). A float is read by its shortest decimal form, never by its bits."""
        scale = Decimal(10) ** _MINOR_DIGITS.get(currency, 2)
        return cls(int((Decimal(str(amount)) * scale).to_integral_value()), currency)

    def __add__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not add")
        return Money(self.amount_minor + other.amount_minor, self.currency)

    def times(self, quantity: int) -> Money:
        return Money(self.amount_minor * quantity, self.currency)

    @property
    def decimal(self) -> Decimal:
        digits = _MINOR_DIGITS.get(self.currency, 2)
        return Decimal(self.amount_minor).scaleb(-digits)

    def __str__(self) -> str:
        """As a page shows it: "$19.99" for USD, "19.99 EUR" for the rest."""
        digits = _MINOR_DIGITS.get(self.currency, 2)
        text = f"{abs(self.decimal):,.{digits}f}"
        sign = "-" if self.amount_minor < 0 else ""
        return f"{sign}${text}" if self.currency == "USD" else f"{sign}{text} {self.currency}"
