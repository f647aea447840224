"""Webhooks: where the workspace's own servers are told what happens."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web import routes
from cmp_web.components.app_parts import (
    DAY,
    FULL,
    copy_button,
    destroys,
    dialog,
    fault_note,
    head_row,
    opens,
    page_head,
    phased,
    saved_note,
    when,
)
from cmp_web.components.app_webhooks import deliveries, fresh_secret, hook_form
from cmp_web.components.base import button, empty, link, note, status
from cmp_web.components.icons import icon
from cmp_web.layouts import workspace
from cmp_web.pages.page import Page
from cmp_web.state.app_webhooks import EVENTS, Hooks
from cmp_web.state.app_workspace import Workspace


def view() -> rx.Component:
    body = rx.cond(Hooks.open.id != "", _opened(), _every())
    back = link(icon("back"), "All webhooks", href=routes.APP_WEBHOOKS, class_name="link row")
    missing = rx.el.div(back, empty("search", "No such webhook", "There is none with this address in your workspace."), class_name="col g4")
    shown = phased(
        Hooks, body, loading="Loading the webhooks", retry=Hooks.load, failed="The webhooks could not be loaded", missing=missing
    )
    return workspace.shell("webhooks", shown)


def _every() -> rx.Component:
    head = page_head("Webhooks", "Signed messages to your own servers, as soon as something happens.")
    form = rx.el.section(
        rx.el.h2("New webhook", class_name="t0"), hook_form(Hooks, EVENTS, Hooks.create, "Create webhook"), class_name="card pad col g4"
    )
    inner = rx.el.div(fault_note(Hooks.problem), rx.cond(Hooks.secret != "", _fresh(), form), _list(), _words(), class_name="col g6")
    return rx.fragment(head, inner)


def _fresh() -> rx.Component:
    return fresh_secret(Hooks.secret, Hooks.secret_of, copy_button("Copy secret", Hooks.secret), Hooks.kept)


def _list() -> rx.Component:
    head = rx.el.div(
        rx.el.h2("Webhooks", id="wl", class_name="grow"), rx.el.span(Hooks.rows.length(), class_name="xs i3 num"), class_name="hd"
    )
    body = rx.el.tbody(rx.foreach(Hooks.rows, _row))
    table = rx.el.table(head_row("Address", "Events", "Status", ("Created", "n")), body, class_name="tbl stack whl")
    none = empty(
        "plug", "No webhooks yet", "Without one your servers have to ask. With one they are told, and told again until they answer."
    )
    listed = rx.cond(Hooks.rows.length() > 0, table, rx.el.div(none, class_name="flat"))
    return rx.el.section(head, listed, class_name="card clip", custom_attrs={"aria-labelledby": "wl"})


def _row(hook: Any) -> rx.Component:
    about = rx.cond(hook.description != "", rx.el.span(hook.description, class_name="xs i3"), rx.fragment())
    failing = rx.cond((hook.failing != "") & (hook.status == "live"), rx.el.span("Failing", class_name="xs warn"), rx.fragment())
    return rx.el.tr(
        rx.el.td(rx.el.div(link(hook.url, href=hook.href, class_name="med anyw"), about, class_name="col"), class_name="full"),
        rx.el.td(hook.events, class_name="xs i2 full"),
        rx.el.td(rx.el.div(status(hook.status_words, hook.tone), failing, class_name="col")),
        rx.el.td(when(hook.created, DAY), class_name="n i2 nowrap"),
    )


def _opened() -> rx.Component:
    back = link(icon("back"), "All webhooks", href=routes.APP_WEBHOOKS, class_name="link row sm")
    title = rx.el.h1(Hooks.open.url, class_name="t1 anyw")
    head = rx.el.div(
        back,
        rx.el.div(
            rx.el.div(title, status(Hooks.open.status_words, Hooks.open.tone), class_name="col g1 grow"),
            _acts(),
            class_name="row wrapx top g4 whh",
        ),
        class_name="col g3",
    )
    form = rx.el.section(
        rx.el.h2("Settings", class_name="t0"), hook_form(Hooks, EVENTS, Hooks.save, "Save", of=Hooks.open), class_name="card pad col g4"
    )
    look = button(icon("refresh"), "Refresh", kind="q", size="s", on_click=Hooks.look)
    return rx.el.div(
        head,
        _state(),
        fault_note(Hooks.problem),
        saved_note(Hooks.said),
        rx.cond(Hooks.secret != "", _fresh(), rx.fragment()),
        deliveries(Hooks, look),
        form,
        _secret(),
        class_name="col g6",
    )


def _acts() -> rx.Component:
    test = button(icon("send"), "Send test", kind="o", on_click=Hooks.test)
    rest = button("Pause", kind="o", on_click=Hooks.pause)
    on = button("Resume", on_click=Hooks.resume)
    ask = dialog(
        "delete-hook",
        "Delete this webhook?",
        "Nothing more is sent to it, and its deliveries are forgotten. This cannot be undone.",
        destroys("Delete webhook", Hooks.remove),
        safe="Keep webhook",
    )
    delete = opens("delete-hook", icon("trash"), "Delete", label="Delete this webhook", size="")
    return rx.el.div(test, rx.cond(Hooks.open.status == "live", rest, on), delete, ask, class_name="row wrapx")


def _state() -> rx.Component:
    """What its owner should know, and nothing while all is well."""
    failing = note("Nothing was taken since ", when(Hooks.open.failing, FULL), ". After five days it is disabled.", tone="wa", sign="alert")
    disabled = note(
        rx.el.strong("Disabled. "),
        Hooks.open.disabled_for,
        " What was to be sent waits. Mend the receiver, then resume.",
        tone="ba",
        sign="alert",
    )
    paused = note("Paused. What happens meanwhile waits, for up to 30 days.", sign="clock")
    return rx.match(
        Hooks.open.status,
        ("disabled", disabled),
        ("paused", paused),
        rx.cond(Hooks.open.failing != "", failing, rx.fragment()),
    )


def _secret() -> rx.Component:
    until = rx.el.p("The old secret signs too until ", when(Hooks.open.old_until, FULL), ".", class_name="sm i2")
    soft = dialog(
        "rotate-hook",
        "Rotate the secret?",
        "You get a new one. For 24 hours messages are signed by both, so that you can exchange it without losing any.",
        button("Rotate secret", on_click=Hooks.rotate(24), custom_attrs={"data-close": ""}),
        safe="Keep secret",
    )
    hard = dialog(
        "replace-hook",
        "Replace the secret at once?",
        "For a secret that leaked. The old one stops signing now; messages are refused by your server until it has the new one.",
        destroys("Replace now", Hooks.rotate(0)),
        safe="Keep secret",
    )
    acts = rx.el.div(
        opens("rotate-hook", "Rotate secret", label="Rotate the signing secret", kind="o", size=""),
        opens("replace-hook", "It leaked", label="Replace a leaked secret at once", kind="q", size=""),
        soft,
        hard,
        class_name="row wrapx",
    )
    words = rx.el.p("Shown once, when it is made. If it is lost, rotate it.", class_name="sm i2")
    return rx.el.section(
        rx.el.h2("Signing secret", class_name="t0"),
        words,
        rx.cond(Hooks.open.old_until != "", until, rx.fragment()),
        acts,
        class_name="card pad col g3",
    )


def _words() -> rx.Component:
    return rx.el.p(
        "Signed after Standard Webhooks: check ",
        rx.el.code("webhook-id"),
        ", ",
        rx.el.code("webhook-timestamp"),
        " and ",
        rx.el.code("webhook-signature"),
        " with any of its libraries. A message that is not answered with 2xx is sent again for three days.",
        class_name="sm i2",
    )


PAGE = Page(routes.APP_WEBHOOKS, "Webhooks", view, on_load=(Workspace.load, Hooks.load))
