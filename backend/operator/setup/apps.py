"""The part of the plan that is about our app: its permissions, its token and its webhooks. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from graphql import GraphQLSyntaxError, parse, print_ast, strip_ignored_characters

from backend.operator.setup.schemas import App, Present, Ref, Step, WantedApp, WantedWebhook, Webhook


def app(wanted: WantedApp, present: Present) -> Iterator[Step]:
    """The token of an app that we hold none of is made anew; an earlier one stays valid, since somebody else may be using it."""
    found = present.app
    if found is None:
        permissions = sorted(wanted.permissions)
        given = {"name": wanted.name, "identifier": wanted.identifier, "permissions": permissions}
        words = f"create app {wanted.name} ({', '.join(permissions)})"
        yield Step(words, "AppCreate", {"input": given}, makes=Ref("app", ""), secret=True)
    else:
        yield from _changes(wanted, found)
        if not present.token_works:
            words = f"make a token for app {found.name}"
            yield Step(words, "AppTokenCreate", {"input": {"app": found.id, "name": "CMP"}}, secret=True)
    for webhook in wanted.webhooks:
        yield from _webhook(webhook, find(webhook, found.webhooks if found else ()), wanted.webhook_secret)


def find(wanted: WantedWebhook, there: Iterable[Webhook]) -> Webhook | None:
    """The webhook of that name, else the one that goes to the same path: after a move of ours only the host differs."""
    there = list(there)
    path = urlsplit(wanted.target_url).path
    named = (webhook for webhook in there if webhook.name == wanted.name)
    aimed = (webhook for webhook in there if urlsplit(webhook.target_url).path == path)
    return next(named, None) or next(aimed, None)


def differences(wanted: WantedWebhook, found: Webhook, secret: str) -> dict[str, tuple[str, Any]]:
    """Field of Saleor's input → what is different, in words, and the value it should have."""
    changes: dict[str, tuple[str, Any]] = {}
    if found.name != wanted.name:
        changes["name"] = (f"name {found.name} → {wanted.name}", wanted.name)
    if found.target_url != wanted.target_url:
        changes["targetUrl"] = (f"address {found.target_url} → {wanted.target_url}", wanted.target_url)
    if found.active != wanted.active:
        changes["isActive"] = ("activate" if wanted.active else "deactivate", wanted.active)
    if found.events != wanted.events:
        changes["asyncEvents"] = (f"events {_list(found.events)} → {_list(wanted.events)}", sorted(wanted.events))
    if not same_query(found.query, wanted.query):
        changes["query"] = ("subscription query", wanted.query)
    if found.secret != secret:
        changes["secretKey"] = ("secret" if secret else "no secret, so that Saleor signs with its key", secret)
    return changes


def same_query(one: str, other: str) -> bool:
    """Whether two GraphQL documents say the same; how they are laid out does not matter."""
    return _plain(one) == _plain(other)


def _changes(wanted: WantedApp, found: App) -> Iterator[Step]:
    if not found.active:
        yield Step(f"activate app {found.name}", "AppActivate", {"id": found.id})
    if found.permissions != wanted.permissions:
        said = [f"+{code}" for code in sorted(wanted.permissions - found.permissions)]
        said += [f"-{code}" for code in sorted(found.permissions - wanted.permissions)]
        given = {"permissions": sorted(wanted.permissions)}
        yield Step(f"change permissions of app {found.name}: {' '.join(said)}", "AppUpdate", {"id": found.id, "input": given})


def _webhook(wanted: WantedWebhook, found: Webhook | None, secret: str) -> Iterator[Step]:
    if found is None:
        given: dict[str, Any] = {"app": Ref("app", ""), "name": wanted.name, "targetUrl": wanted.target_url, "query": wanted.query}
        given |= {"asyncEvents": sorted(wanted.events), "isActive": wanted.active} | ({"secretKey": secret} if secret else {})
        yield Step(f"create webhook {wanted.name} → {wanted.target_url}", "WebhookCreate", {"input": given})
    elif changes := differences(wanted, found, secret):
        words = f"change webhook {wanted.name}: {', '.join(said for said, _ in changes.values())}"
        yield Step(words, "WebhookUpdate", {"id": found.id, "input": {name: value for name, (_, value) in changes.items()}})


def _plain(query: str) -> str:
    try:
        return strip_ignored_characters(print_ast(parse(query, no_location=True)))
    except GraphQLSyntaxError:
        return query


def _list(events: frozenset[str]) -> str:
    return ", ".join(sorted(events)) or "none"
