"""The mails an order causes, in plain text."""

from __future__ import annotations

from collections.abc import Sequence

from backend.kernel.money import Credits
from backend.mail.message import Mail
from backend.provisioner.models import GrantRow, OrderRow


def order_ready(order: OrderRow, grants: Sequence[GrantRow], *, brand: str, base_url: str) -> Mail:
    """What was added to the buyer's workspace, and where it is."""
    names = {line["sku"]: line["name"] for line in order.lines}
    added = [f"- {names.get(grant.sku, grant.sku)}{_extra(grant)}" for grant in grants if grant.active]
    agents = [f"{base_url}/app/agents/{grant.instance_id}" for grant in grants if grant.active and grant.instance_id]
    parts = [
        f"Thank you for your order {order.number} at {brand}. It is ready.",
        "Added to your workspace:\n" + "\n".join(added),
        *(["Open your agents:\n" + "\n".join(agents)] if agents else []),
        f"The order and its timeline:\n{base_url}/orders/{order.ref}",
        "Next: give the agent a document, and ask it something.",
    ]
    return Mail(order.email, f"Your order {order.number} is ready", "\n\n".join(parts if agents else parts[:-1]) + "\n")


def order_unclaimed(order: OrderRow, _grants: Sequence[GrantRow], *, brand: str, base_url: str) -> Mail:
    """The order is paid, and nobody has proven this address yet."""
    parts = [
        f"Thank you for your order {order.number} at {brand}. It is paid, and waits for you to claim it.",
        f"Create an account with this e-mail address ({order.email}), or sign in and confirm it:\n{base_url}/register",
        "What you bought is then added to your workspace by itself.",
        f"The order and its timeline:\n{base_url}/orders/{order.ref}",
    ]
    return Mail(order.email, f"Claim your order {order.number}", "\n\n".join(parts) + "\n")


def needs_hand(order: OrderRow, to: str, *, brand: str, base_url: str) -> Mail:
    """To an operator: an order waits for a decision or a repair."""
    name = f"order {order.number}" if order.number else f"order {order.ref}"
    parts = [
        f"At {brand}, {name} needs a hand.",
        order.reason,
        f"See it, and decide or retry:\n{base_url}/operator/orders/{order.ref}",
        "Nothing of it is lost. You get this mail once for this reason.",
    ]
    return Mail(to, f"{name.capitalize()} needs a hand", "\n\n".join(parts) + "\n")


def _extra(grant: GrantRow) -> str:
    return f" ({Credits(grant.credits_micro)} credits)" if grant.credits_micro else ""
