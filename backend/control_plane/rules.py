"""Price and charge rules as a column keeps them, and which of two hold for an agent that was bought. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import lru_cache

from backend.kernel.money import Credits
from backend.kernel.pricing import Charge, Charges, Rules, TokenPrice


def written(rules: Rules) -> str:
    """JSON; the same for the same rules."""
    price = rules.tokens
    tokens = {"per_1000": str(price.per_1000), "run": str(price.run), "minimum": str(price.minimum)} if price else None
    return json.dumps({"most": str(rules.most), "tokens": tokens, "charges": asdict(rules.charges)}, sort_keys=True)


@lru_cache(maxsize=1024)
def read(text: str) -> Rules:
    """Raises ValueError for what could not be declared either: see `backend.kernel.pricing`."""
    data = json.loads(text)
    tokens = data["tokens"]
    return Rules(
        most=Credits.of(data["most"]),
        tokens=TokenPrice(**{name: Credits.of(amount) for name, amount in tokens.items()}) if tokens else None,
        charges=Charges(**{ending: Charge(charge) for ending, charge in data["charges"].items()}),
    )


@lru_cache(maxsize=1024)
def holding(bought: str, offered: str) -> Rules:
    """What an agent's runs cost: as it was bought, or as it is offered today when that is never dearer. Source: docs/decisions/0007."""
    then, now = read(bought), read(offered)
    return now if now.never_dearer(then) else then
