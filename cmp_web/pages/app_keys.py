"""API keys."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web import routes
from cmp_web.components.app_parts import DAY, copy_button, destroys, dialog, fault_note, head_row, opens, page_head, phased, when
from cmp_web.components.base import button, empty, field, link, plain_link, text_input
from cmp_web.components.icons import icon
from cmp_web.layouts import workspace
from cmp_web.pages.page import Page
from cmp_web.state.app_keys import Keys
from cmp_web.state.app_workspace import Workspace


def view() -> rx.Component:
    head = page_head("Keys", "For your own servers. A widget never needs one.")
    body = rx.el.div(fault_note(Keys.problem), rx.cond(Keys.secret != "", _fresh(), _form()), _list(), _words(), class_name="col g6")
    shown = phased(Keys, body, loading="Loading the keys", retry=Keys.load, failed="The keys could not be loaded")
    return workspace.shell("keys", head, shown)


def _form() -> rx.Component:
    box = text_input("key-name", error=Keys.name_fault, placeholder="Website backend", max_length=80)
    named = field("New key", box, name="key-name", hint="A name to recognise it by.", error=Keys.name_fault)
    return rx.el.form(named, button(icon("plus"), "Create key", type="submit"), on_submit=Keys.create, class_name="card pad keyform")


def _fresh() -> rx.Component:
    acts = rx.el.div(
        rx.el.code(Keys.secret, class_name="kbox grow", id="secret"),
        copy_button("Copy key", Keys.secret),
        button("I have kept it", kind="q", on_click=Keys.kept),
        class_name="row wrapx",
    )
    words = rx.el.div(
        rx.el.h2("Copy “", Keys.secret_name, "” now", class_name="t0"),
        rx.el.p("This is the only time it is shown. Keep it on a server, never in a page.", class_name="i2"),
    )
    return rx.el.section(words, acts, class_name="card newk col g3", role="status")


def _list() -> rx.Component:
    count = rx.el.span(Keys.rows.length(), class_name="xs i3 num")
    head = rx.el.div(rx.el.h2("Keys", id="kl", class_name="grow"), count, class_name="hd")
    table = rx.el.table(
        head_row("Name", "Key", "Created", "Last used", ("Actions", "vh")),
        rx.el.tbody(rx.foreach(Keys.rows, _row)),
        class_name="tbl stack kl",
    )
    none = empty("key", "No keys yet", "A key lets a program of yours run the agents of this workspace.")
    listed = rx.cond(Keys.rows.length() > 0, table, rx.el.div(none, class_name="flat"))
    return rx.el.section(head, listed, class_name="card clip", custom_attrs={"aria-labelledby": "kl"})


def _row(key: Any) -> rx.Component:
    asked = "revoke-" + key.id
    ask = dialog(
        asked,
        "Revoke “" + key.name + "”?",
        "Calls with this key stop at once. Runs under way finish. This cannot be undone.",
        destroys("Revoke key", Keys.revoke(key.id)),
        safe="Keep key",
    )
    used = rx.cond(key.used != "", when(key.used), rx.el.span("Never used"))
    return rx.el.tr(
        rx.el.td(key.name, class_name="med"),
        rx.el.td(key.prefix, class_name="mono i2 full"),
        rx.el.td(when(key.created, DAY), class_name="i2 nowrap hide-m"),
        rx.el.td(used, class_name="i2 nowrap"),
        rx.el.td(opens(asked, "Revoke", label="Revoke " + key.name), ask, class_name="n"),
    )


def _words() -> rx.Component:
    return rx.el.p(
        "Ready-made calls stand on each agent's API page. ",
        link("Your agents", href=routes.APP_AGENTS, class_name="link"),
        ", ",
        plain_link("API reference", href=routes.API_REFERENCE, class_name="link"),
        ".",
        class_name="sm i2",
    )


PAGE = Page(routes.APP_KEYS, "Keys", view, on_load=(Workspace.load, Keys.load))
