"""What a check means: what was seen in, findings with their fix out. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from backend.commerce.gateways import NOT_A_CHOICE, Gateways
from backend.operator.doctor.schemas import Answer, Delivery, Finding, Hook, Level, Offered, OwnApp, Place
from backend.operator.setup import apps
from backend.operator.setup.schemas import WantedApp, WantedWebhook
from backend.provisioner.desk_views import Report

SLOW_CLOCK, WRONG_CLOCK = timedelta(seconds=60), timedelta(minutes=5)
STALE = timedelta(minutes=10)
"""Saleor gives a delivery up after 310 seconds; one that waits longer than this has no worker behind it."""
SETUP = "Run: cmpctl saleor setup --url {url}"


def ok(check: str, seen: str) -> Finding:
    return Finding(check, Level.OK, seen)


def warn(check: str, seen: str, fix: str) -> Finding:
    return Finding(check, Level.WARN, seen, fix)


def fail(check: str, seen: str, fix: str) -> Finding:
    return Finding(check, Level.FAIL, seen, fix)


def database(now: str, newest: str) -> Finding:
    """now: the revision it has. newest: the one this program wants."""
    if not now:
        return warn("database", "not made yet", "It is made at the first start, or now: cmpctl migrate")
    if now != newest:
        return fail("database", f"revision {now}, and this program wants {newest}", "Run: cmpctl migrate")
    return ok("database", f"revision {now}")


def grants(report: Report | None, orders: str) -> Finding:
    """report: of the last reconciliation. orders: the address of the operator's orders."""
    if report is None:
        return ok("grants", "not compared with Saleor yet")
    when = f"at the last reconciliation ({report.at:%Y-%m-%d %H:%M} UTC)"
    if not report.without_order:
        return ok("grants", f"none without a paid order {when}")
    seen = f"without an order that Saleor holds paid, {when}: {', '.join(report.without_order)}"
    return warn("grants", seen, f"Open each at {orders}?order=…, and decide. If its payment is there by now: cmpctl reconcile")


def server(answer: Answer, url: str) -> Iterator[Finding]:
    """answer: of /ready, from this computer."""
    if isinstance(answer.json, Mapping) and "durable work" in answer.json:
        for part, said in answer.json.items():
            name = f"server: {part}"
            if said == "starting":
                yield warn(name, "still starting", "Ask again in a moment.")
            else:
                yield ok(name, "well") if said == "ok" else fail(name, str(said), "Look into the server's log, then start it again.")
    elif answer.status:
        yield fail("server", f"another program answers at {url}", "Stop that one, or set CMP_PORT to a free port.")
    else:
        seen = f"nothing runs at {url}, so workers and durable work cannot be told"
        yield warn("server", seen, "Start it: cmpctl serve")


def public_url(answer: Answer, url: str, *, local: bool, saleor_elsewhere: bool, running: bool) -> Iterator[Finding]:
    """answer: of its /health. local: whether the address means this computer alone. running: whether our server does, here."""
    check = "public URL"
    set_it = "Set CMP_PUBLIC_URL to the address that Saleor and people can reach, then run: cmpctl saleor setup"
    if local and saleor_elsewhere:
        yield fail(check, f"{url} is this computer alone, and Saleor is elsewhere: no webhook arrives", set_it)
    elif answer.json == {"status": "ok"}:
        yield ok(check, f"{url} answers")
    elif answer.status:
        yield fail(check, f"{url}/health answers {answer.status}, and not as this server does", set_it)
    elif running:
        fix = "Try it from outside: a router may not lead back in. If it is wrong, set CMP_PUBLIC_URL."
        yield warn(check, f"{url} does not answer from here ({answer.error}), though the server runs", fix)
    else:
        yield warn(check, f"{url} does not answer ({answer.error}); the server does not run", "Start it: cmpctl serve")
    if not local and not url.startswith("https://"):
        seen = f"{url} is not encrypted: passwords and cookies can be read on the way"
        yield warn("https", seen, "Put a proxy with a certificate in front, and set CMP_PUBLIC_URL to its https:// address.")


def clock(theirs: datetime | None, ours: datetime) -> Finding:
    if theirs is None:
        return warn("clock", "Saleor's answer carries no date, so the clocks cannot be compared", "Nothing, if both keep time by NTP.")
    off = abs(theirs - ours)
    seen = f"{off.total_seconds():.0f} s apart from Saleor's"
    if off <= SLOW_CLOCK:
        return ok("clock", seen)
    fix = "Set the clock of this computer, or of Saleor's, by NTP: tokens and sessions are judged by the time."
    return fail("clock", seen, fix) if off > WRONG_CLOCK else warn("clock", seen, fix)


def keys(answer: Answer, url: str) -> Finding:
    found = answer.json.get("keys") if isinstance(answer.json, Mapping) else None
    if found:
        return ok("signing keys", f"{len(found)} at {url}")
    seen = f"{url} answers {answer.status}, with no keys" if answer.status else f"{url} does not answer ({answer.error})"
    return fail("signing keys", seen, "No webhook can be verified without them. Let a proxy before Saleor pass /.well-known/jwks.json.")


def own_name(theirs: str, ours: str) -> Finding:
    """Both as GraphQL URLs."""
    if theirs == ours:
        return ok("Saleor's own address", theirs)
    fix = f"Set CMP_SALEOR_API_URL={theirs}, or Saleor's PUBLIC_URL to the address you use."
    return fail("Saleor's own address", f"it calls itself {theirs}, so its webhooks are refused as another Saleor's", fix)


def version(found: tuple[int, int], text: str, oldest: tuple[int, int]) -> Finding:
    if found >= oldest:
        return ok("Saleor", text)
    return fail("Saleor", f"{text} is too old", f"Upgrade it to {oldest[0]}.{oldest[1]} or later.")


def place(found: Place | None, slug: str, fix: str) -> Iterator[Finding]:
    check = f"channel {slug}"
    if found is None:
        yield fail(check, "not there", f"{fix} or set CMP_SALEOR_CHANNEL to one that is")
        return
    yield ok(check, f"active, sells in {found.currency}") if found.active else fail(check, "not active: nothing can be bought in it", fix)
    if not found.confirms:
        seen = "new orders wait to be confirmed by hand, and cannot be fulfilled before"
        yield warn(f"{check}: orders", seen, "In Saleor's dashboard, let the channel confirm new orders automatically.")
    if found.warehouses:
        yield ok("warehouse", f"{found.warehouses} in the channel")
    else:
        yield fail("warehouse", "none in the channel: nothing is available, and no order can be fulfilled", fix)


def app(found: OwnApp, wanted: WantedApp, secret: str, now: datetime, fix: str) -> Iterator[Finding]:
    if found.identifier != wanted.identifier:
        seen = f"the token belongs to {found.name} ({found.identifier}), not to {wanted.name}"
        yield fail("app", seen, f"Take CMP_SALEOR_APP_TOKEN out of .env. {fix}")
        return
    yield ok("app", f"{found.name}, its token works") if found.active else fail("app", f"{found.name} is not active", fix)
    if missing := sorted(wanted.permissions - found.permissions):
        yield fail("permissions", f"without {', '.join(missing)}", fix)
    elif more := sorted(found.permissions - wanted.permissions):
        yield warn("permissions", f"has {', '.join(more)} too, which it does not need", fix)
    else:
        yield ok("permissions", ", ".join(sorted(wanted.permissions)))
    there = [hook.webhook for hook in found.hooks]
    for webhook in wanted.webhooks:
        match = apps.find(webhook, there)
        yield from _webhook(webhook, next((hook for hook in found.hooks if hook.webhook is match), None), secret, now, fix)


def _webhook(wanted: WantedWebhook, found: Hook | None, secret: str, now: datetime, fix: str) -> Iterator[Finding]:
    check = f"webhook {wanted.name}"
    if found is None:
        yield fail(check, "not there", fix)
        return
    wrong = [said for said, _ in apps.differences(wanted, found.webhook, secret).values()]
    yield fail(check, f"to change: {', '.join(wrong)}", fix) if wrong else ok(check, f"active, to {found.webhook.target_url}")
    yield _deliveries(f"{check}: deliveries", found.deliveries, now)


def _deliveries(check: str, found: Sequence[Delivery], now: datetime) -> Finding:
    failed = [delivery for delivery in found if delivery.status == "FAILED"]
    waiting = [delivery for delivery in found if delivery.status == "PENDING"]
    seen = f"{len(found)} last: {len(failed)} failed, {len(waiting)} waiting" if found else "none yet, or none kept"
    healing = "Orders whose delivery was lost are taken up by themselves every few minutes, or now: cmpctl reconcile"
    if failed and failed[0] is found[0]:
        return fail(check, f"{seen}; the last one: {failed[0].error or 'no answer'}", f"Let Saleor reach this address. {healing}")
    if any(now - delivery.at > STALE for delivery in waiting):
        return warn(check, f"{seen} for longer than {STALE.seconds // 60} minutes", "Saleor's celery worker does not run or is far behind.")
    if failed:
        return warn(check, f"{seen}; since then it works", healing)
    return ok(check, seen)


def on_sale(found: Sequence[Offered], offered: Collection[str], channel: str, fix: str) -> Iterator[Finding]:
    """offered: the SKUs that something is given for."""
    sold = {sku for product in found for sku in product.skus}
    if missing := sorted(set(offered) - sold):
        seen = f"not on sale in {channel}: {', '.join(missing)}"
        yield (warn if sold & set(offered) else fail)("products", seen, fix)
    else:
        yield ok("products", f"{len(offered)} SKUs on sale in {channel}")
    if unknown := sorted(sold - set(offered)):
        seen = f"on sale, but nothing is given for: {', '.join(unknown)}"
        yield warn(
            "unknown SKUs", seen, "An order of these waits for the operator. Sell them in another channel, or add them to catalogue/."
        )
    empty = sorted(product.slug for product in found if not product.available and set(product.skus) & set(offered))
    if empty:
        yield fail("availability", f"Saleor calls unavailable: {', '.join(empty)}", fix)


def gateways(listed: Collection[str], checkout: Gateways) -> Iterator[Finding]:
    """listed: ids of those Saleor offers. checkout: what ours can do with each."""
    found = sorted(set(listed) - NOT_A_CHOICE)
    known = [id_ for id_ in found if checkout.kind(id_) != "unknown"]
    if known:
        yield ok("payment", ", ".join(known))
    else:
        seen = f"none that the checkout can use ({', '.join(found) or 'none at all'})"
        yield fail("payment", seen, "Install a payment app in Saleor, such as Stripe's. Until then only orders of nothing can be placed.")
    other = [id_ for id_ in found if id_ not in known]
    if known and other:
        yield warn(
            "other ways to pay",
            ", ".join(other),
            "The checkout does not know these and leaves them out. One whose app sends buyers to its own page: CMP_REDIRECT_GATEWAYS.",
        )
