"""API keys."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web import routes
from cmp_web.components.app_budget import budget_bars, budget_fields
from cmp_web.components.app_parts import DAY, copy_button, destroys, dialog, fault_note, head_row, opens, page_head, phased, when
from cmp_web.components.base import badge, button, empty, field, link, plain_link, text_input
from cmp_web.components.icons import icon
from cmp_web.layouts import workspace
from cmp_web.pages.page import Page
from cmp_web.state.app_keys import Keys
from cmp_web.state.app_workspace import Workspace


def view() -> rx.Component:
    new = rx.cond((Keys.phase == "ready") & (Keys.editing == ""), button(icon("plus"), "New key", on_click=Keys.begin), rx.fragment())
    head = page_head("Keys", "For your own servers. A widget never needs one.", new)
    shown = rx.cond(Keys.editing != "", _form(), rx.cond(Keys.secret != "", _fresh(), rx.fragment()))
    body = rx.el.div(fault_note(Keys.problem), shown, _list(), _words(), class_name="col g6")
    ready = phased(Keys, body, loading="Loading the keys", retry=Keys.load, failed="The keys could not be loaded")
    return workspace.shell("keys", head, ready)


def _form() -> rx.Component:
    """For a new key, and for one that is changed; the first field has the focus when it opens."""
    box = text_input(
        "key-name",
        error=Keys.name_fault,
        placeholder="Website backend",
        max_length=80,
        default_value=Keys.name,
        auto_focus=True,
        auto_complete="off",
    )
    fresh = Keys.editing == "new"
    hint = "Runs past it are refused until the day or month is over, in UTC. What is spent counts from when it is set."
    return rx.el.form(
        rx.el.h2(rx.cond(fresh, "New key", "Change the key"), class_name="t0"),
        rx.el.div(field("Name", box, name="key-name", hint="To recognise it by.", error=Keys.name_fault), _end(), class_name="cols2 tight"),
        rx.el.div(_scopes(), _agents(), class_name="cols2 tight"),
        budget_fields(Keys.budget_day, Keys.budget_month, Keys.day_fault, Keys.month_fault, hint),
        rx.el.div(
            button(rx.cond(fresh, "Create key", "Save key"), type="submit"),
            button("Cancel", kind="q", on_click=Keys.leave),
            class_name="row wrapx",
        ),
        key=Keys.editing,
        on_submit=Keys.save,
        class_name="card pad col g5",
    )


def _end() -> rx.Component:
    box = text_input("expires", error=Keys.expires_fault, type="date", default_value=Keys.expires)
    return field("Ends on", box, name="expires", hint="At 00:00 UTC. Empty: never.", error=Keys.expires_fault, optional=True)


def _fault(words: rx.Var[str], name: str) -> rx.Component:
    said = rx.el.p(icon("alert"), rx.el.span(words), class_name="err", id=f"{name}-error", role="alert")
    return rx.cond(words != "", said, rx.fragment())


def _tick(prefix: str, one: Any) -> rx.Component:
    box = rx.el.input(type="checkbox", name=prefix + one.id, default_checked=one.on)
    hint = rx.cond(one.hint != "", rx.el.span(one.hint, class_name="xs i3 blk"), rx.fragment())
    return rx.el.label(box, rx.el.span(one.label, hint), class_name="ck")


def _scopes() -> rx.Component:
    return rx.el.fieldset(
        rx.el.legend("May", class_name="lgd"),
        rx.foreach(Keys.scopes, lambda one: _tick("scope-", one)),
        _fault(Keys.scopes_fault, "scopes"),
        class_name="col g3",
    )


def _agents() -> rx.Component:
    def way(value: str, words: str, on: rx.Var[bool]) -> rx.Component:
        box = rx.el.input(type="radio", name="reach", value=value, default_checked=on)
        return rx.el.label(box, rx.el.span(words), class_name="ck")

    return rx.el.fieldset(
        rx.el.legend("With", class_name="lgd"),
        way("all", "All agents, also those bought later", ~Keys.some),
        way("some", "Only these", Keys.some),
        rx.el.div(rx.foreach(Keys.agents, lambda one: _tick("agent-", one)), class_name="col g3 some"),
        _fault(Keys.agents_fault, "agents"),
        class_name="col g3 reach",
    )


def _fresh() -> rx.Component:
    acts = rx.el.div(
        rx.el.code(Keys.secret, class_name="kbox grow", id="secret", tab_index=0),
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
        head_row("Name", "May use", "Budget", "Last used", "Ends", ("Actions", "vh")),
        rx.el.tbody(rx.foreach(Keys.rows, _row)),
        class_name="tbl stack keys",
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
    never = rx.el.span("Never used", class_name="i3")
    ends = rx.cond(key.expires != "", when(key.expires, {**DAY, "timeZone": "UTC"}), rx.el.span("Never", class_name="i3"))
    acts = rx.el.div(
        button("Edit", kind="q", size="s", on_click=Keys.edit(key.id), aria_label="Edit " + key.name),
        opens(asked, "Revoke", label="Revoke " + key.name),
        class_name="row right",
    )
    return rx.el.tr(
        rx.el.td(rx.el.span(key.name, class_name="med blk"), rx.el.span(key.prefix, class_name="mono xs i2")),
        rx.el.td(rx.el.span(key.agents, class_name="blk"), rx.el.span("For: ", key.scopes, class_name="xs i3"), class_name="i2 full"),
        rx.el.td(budget_bars(key.bounds), class_name="full bud"),
        rx.el.td(_label("Last used "), rx.cond(key.used != "", when(key.used), never), class_name="i2 nowrap"),
        rx.el.td(_label("Ends "), rx.cond(key.over, badge("Expired", tone="ba"), ends), class_name="i2 nowrap"),
        rx.el.td(acts, ask, class_name="n"),
    )


def _label(words: str) -> rx.Component:
    """What the head of the column says, where a phone shows none."""
    return rx.el.span(words, class_name="only-m-i xs i3")


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
