"""Brings a Saleor to what this marketplace needs: reads, plans, then applies the plan step by step.

Nothing is remembered between runs: Saleor itself is the record, so a run that was cut off is picked up by the next one.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from backend import catalogue
from backend.commerce.schemas import AppView
from backend.commerce.transport import Upload
from backend.kernel.errors import Conflict, DomainError, Unauthenticated, Unavailable
from backend.operator.admin import Admin, Identity, refused, require
from backend.operator.setup import policy, reading
from backend.operator.setup.schemas import Ref, Step, Wanted
from backend.operator.setup.wanted import wanted
from backend.settings import Settings

Progress = Callable[[int, int, Step], None]
"""Called before each step with its number from 1, how many there are, and the step."""


class Connection(Protocol):
    """Where the app's token is kept."""

    async def token(self) -> str: ...
    async def store(self, app_id: str, token: str) -> None: ...


class Saleor(Protocol):
    async def app(self, token: str) -> AppView: ...


class Stopped(DomainError):
    """A step failed. done: the steps before it, which stand."""

    code = "setup_stopped"
    title = "The set-up stopped"

    def __init__(self, fault: DomainError, step: Step, done: list[Step], total: int) -> None:
        words = f"{len(done)} of {total} steps are done. The next run goes on from there."
        super().__init__(f"Stopped at “{step.words}”: {fault.detail} {words}", code=fault.code)
        self.step, self.done, self.total = step, done, total


@dataclass(slots=True)
class Setup:
    """admin: Saleor as its staff. manifest: our app's. saleor, connection: our own side, for the app's token."""

    admin: Admin
    settings: Settings
    products: Sequence[catalogue.Product]
    manifest: Mapping[str, Any]
    saleor: Saleor
    connection: Connection

    def wanted(self, *, currency: str, country: str) -> Wanted:
        """For the channel of the settings. currency: ISO 4217. country: ISO 3166-1 alpha-2, for a channel that has to be made."""
        secret = self.settings.saleor_webhook_secret.get_secret_value()
        channel = self.settings.saleor_channel
        return wanted(self.products, self.manifest, channel=channel, currency=currency, country=country, webhook_secret=secret)

    async def plan(self, goal: Wanted) -> list[Step]:
        """What has to be done; changes nothing. Raises DomainError with the fix in words."""
        steps, _ = await self._plan(goal)
        return steps

    async def run(self, goal: Wanted, progress: Progress) -> list[Step]:
        """Do it, and return what was done. Raises Stopped when a step fails."""
        steps, ids = await self._plan(goal)
        done: list[Step] = []
        for step in steps:
            progress(len(done) + 1, len(steps), step)
            try:
                await self._apply(step, ids)
            except DomainError as fault:
                raise Stopped(fault, step, done, len(steps)) from fault
            done.append(step)
        return done

    async def _plan(self, goal: Wanted) -> tuple[list[Step], dict[Ref, str]]:
        identity = await self.admin.identity()
        shop = (await self.admin.ask("Shop"))["shop"]
        self._check(shop)
        require(identity, policy.NEEDED | goal.app.permissions)
        present = await reading.read(self.admin, goal, our_app=await self._our_app(), company=shop["companyAddress"])
        steps = policy.plan(goal, present)
        _check_author(identity, steps)
        return steps, policy.known(present)

    def _check(self, shop: Mapping[str, Any]) -> None:
        oldest = policy.version_of(self.manifest["requiredSaleorVersion"])
        if policy.version_of(shop["version"]) < oldest:
            needed = ".".join(map(str, oldest))
            raise Conflict(f"This Saleor is {shop['version']}; {needed} or later is needed. Upgrade it first.", code="saleor_too_old")
        own = f"{shop['domain']['url'].rstrip('/')}/graphql/"
        if own != self.settings.saleor_url:
            raise Conflict(
                f"This Saleor calls itself {own}, and signs its webhooks so. Use --url {own}, or set Saleor's PUBLIC_URL to the address "
                "that you gave; otherwise no paid order would be believed.",
                code="saleor_calls_itself",
            )

    async def _our_app(self) -> str:
        """Saleor's id of the app whose token we hold, or "" when we hold none that works."""
        try:
            return (await self.saleor.app(await self.connection.token())).id
        except Unauthenticated:
            return ""
        except Unavailable as fault:
            if fault.code in {"app_not_installed", "app_sealed"}:
                return ""
            raise

    async def _apply(self, step: Step, ids: dict[Ref, str]) -> None:
        done = (await self.admin.ask(step.operation, _resolve(step.variables, ids), upload=_upload(step.upload)))["done"]
        if done["errors"]:
            raise refused(step.words, done["errors"])
        if step.makes:
            ids[step.makes] = done["made"]["id"]
        if step.secret:
            await self.connection.store(ids[Ref("app", "")], done["authToken"])


def _check_author(identity: Identity, steps: list[Step]) -> None:
    """Raises Conflict before anything is done, where Saleor would refuse the last of it."""
    if identity.is_app and any(step.operation == "AppCreate" for step in steps):
        raise Conflict(
            "Saleor lets only a person create an app, and this token is an app's. Log in with --email and --password, or install the app "
            "from Saleor's dashboard first, by the address of its manifest.",
            code="needs_person",
        )


def _resolve(value: Any, ids: Mapping[Ref, str]) -> Any:
    if isinstance(value, Ref):
        return ids[value]
    if isinstance(value, Mapping):
        return {name: _resolve(part, ids) for name, part in value.items()}
    if isinstance(value, list):
        return [_resolve(part, ids) for part in value]
    return value


def _upload(path: Path | None) -> Upload | None:
    if path is None:
        return None
    return Upload(
        "variables.input.image", f"{path.parent.name}{path.suffix}", path.read_bytes(), mimetypes.guess_type(path)[0] or "image/png"
    )
