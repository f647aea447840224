"""Payments whose order the shop would not place: each with what is known of it, and the two things that can be done."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web.components.base import button, failure, field, leader, link, note, text_input
from cmp_web.components.icons import icon

DIALOG = "settle"


def payments(state: Any) -> rx.Component:
    """state: the State of these payments. Nothing at all is shown where there are none and nothing was done."""
    again = button("Look again", kind="o", size="s", on_click=state.load)
    wrong = failure("Payments without an order could not be looked up", state.fault, again, code=state.fault_code)
    return rx.el.div(
        rx.cond(state.phase == "failed", wrong, rx.fragment()),
        _said(state),
        rx.cond(state.rows.length() > 0, _listed(state), rx.fragment()),
        _settle(state),
        class_name="opay",
    )


def _said(state: Any) -> rx.Component:
    opened = rx.cond(state.placed != "", link(" Open it", href=state.placed, class_name="link"), rx.fragment())
    done = rx.cond(state.said != "", note(state.said, opened, tone="go", sign="check"), rx.fragment())
    waits = rx.cond(state.waits != "", note(state.waits, tone="wa", sign="clock"), rx.fragment())
    wrong = rx.cond(state.problem != "", note(state.problem, tone="ba", sign="alert"), rx.fragment())
    # What had the focus is gone with the row or the dialog.
    focus = {"data-focus": rx.cond(state.turn > 0, state.turn.to_string(), "")}
    return rx.el.div(done, waits, wrong, role="status", class_name="said", tab_index=-1, custom_attrs=focus)


def _listed(state: Any) -> rx.Component:
    title = rx.el.h2("Paid, but not ordered", class_name="t1", id="payments-title")
    words = rx.el.p("Money was taken, and the shop would not place the order. The buyers are not charged again.", class_name="sm i2")
    rows = rx.el.ul(rx.foreach(state.rows, lambda row: _payment(state, row)))
    body = rx.el.div(rx.el.div(title, words, class_name="col"), rows, class_name="col g4 grow")
    return rx.el.section(icon("alert"), body, class_name="note wa", aria_labelledby="payments-title")


def _payment(state: Any, row: Any) -> rx.Component:
    busy = rx.fragment(rx.el.span(class_name="spin"), "Trying")
    about = {"aria-describedby": "pay-" + row.ref}
    retry = button(
        rx.cond(state.busy == row.ref, busy, "Try again"),
        size="s",
        disabled=state.busy != "",
        on_click=state.retry(row.ref, state.turn),
        custom_attrs=about,
    )
    settle = button(
        "Dealt with by hand…",
        kind="o",
        size="s",
        disabled=state.busy != "",
        on_click=state.ask(row.ref),
        custom_attrs=about | {"data-open": DIALOG, "aria-haspopup": "dialog"},
    )
    facts = rx.el.dl(
        leader("Way to pay", rx.el.span(row.gateway, class_name="mono xs")),
        leader("Transaction", rx.el.span(row.transaction, class_name="mono xs")),
        leader("Reference", rx.el.span(row.ref, class_name="mono xs")),
        leader("Since", rx.el.span(row.since, class_name="num")),
        class_name="lead-l sm",
    )
    head = rx.el.p(rx.el.strong(row.amount, class_name="num"), " from ", rx.el.span(row.email, class_name="med"), id="pay-" + row.ref)
    acts = rx.el.div(retry, settle, class_name="row wrapx")
    return rx.el.li(head, rx.el.p(row.reason, class_name="sm"), facts, acts, class_name="card pad col g3")


def _settle(state: Any) -> rx.Component:
    """It is a new dialog after each act, which closes it; a fault leaves it open as it was filled in."""
    about = rx.el.p(rx.el.strong(state.asked.amount), " from ", state.asked.email, class_name="sm")
    words = "It is listed no more, and its buyer cannot order with it again. Give the money back, or place the order, before you say so."
    head = rx.el.div(
        rx.el.h2("Dealt with by hand", class_name="t1", id=f"{DIALOG}-title"),
        rx.el.p(words, class_name="sm i2", id=f"{DIALOG}-words"),
        about,
        class_name="col g2",
    )
    box = text_input("settle-reason", error=state.reason_fault, max_length=300, auto_complete="off")
    box.custom_attrs |= {"data-focus": rx.cond(state.reason_fault != "", state.tries, "")}
    hint = "Such as: refunded in Stripe. Kept with your name."
    reason = field("How it was dealt with", box, name="settle-reason", hint=hint, error=state.reason_fault)
    busy = rx.fragment(rx.el.span(class_name="spin"), "Dealt with")
    off = (state.busy != "") | (state.asked.ref == "")
    send = button(rx.cond(state.busy != "", busy, "Dealt with"), kind="p", type="submit", disabled=off)
    form = rx.el.form(
        rx.el.input(type="hidden", name="turn", value=state.turn),
        rx.el.input(type="hidden", name="payment", value=state.asked.ref),
        reason,
        rx.el.div(button("Cancel", kind="o", custom_attrs={"data-close": ""}), send, class_name="row right"),
        on_submit=state.settle,
        class_name="col g5",
    )
    attrs = {"aria-labelledby": f"{DIALOG}-title", "aria-describedby": f"{DIALOG}-words"}
    return rx.el.dialog(
        rx.el.div(head, form, class_name="col g5"),
        id=DIALOG,
        class_name="dlg",
        custom_attrs=attrs,
        key=f"{DIALOG}:" + state.turn.to_string(),
    )
