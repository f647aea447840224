"""Low credits: the banner above every page of the workspace, and the form that says when it is told."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web import routes
from cmp_web.components.app_parts import card, fault_note, saved_note
from cmp_web.components.base import button, checkbox, field, link, text_input
from cmp_web.components.icons import icon

MAIL = "alert-mail"


def low_banner(*, empty: rx.Var[bool], low: rx.Var[bool], left: rx.Var[str]) -> rx.Component:
    """empty: nothing is left to run with. low: at or below a threshold. left: credits, as decimal text."""
    act = link("Add credits", href=routes.APP_CREDITS, class_name="link")
    none = rx.el.span("No credits left. Runs under way finish; the next one is refused. ", act)
    some = rx.el.span(left, " credits left. At zero, runs under way finish and the next one is refused. ", act)

    def banner(said: rx.Component) -> rx.Component:
        return rx.el.div(rx.el.span(icon("alert"), class_name="warn"), said, class_name="banner left", role="status")

    return rx.cond(empty, banner(none), rx.cond(low, banner(some), rx.fragment()))


def alert_form(state: Any) -> rx.Component:
    """A card for the credits page. state: one with percent, credits, mail, may, faults, saved, at, and the handler `save`."""
    percent = field(
        "Per cent of the latest grant",
        text_input("alert-percent", error=state.percent_fault, default_value=state.percent, input_mode="numeric", disabled=~state.may),
        name="alert-percent",
        hint="1 to 90; leave empty for none.",
        error=state.percent_fault,
    )
    credits_ = field(
        "Credits",
        text_input("alert-credits", error=state.credits_fault, default_value=state.credits, input_mode="decimal", disabled=~state.may),
        name="alert-credits",
        hint="Such as 10; leave empty for none.",
        error=state.credits_fault,
    )
    mail = checkbox("Write to owners and admins", name=MAIL, default_checked=state.mail, disabled=~state.may)
    save = rx.cond(
        state.may,
        rx.el.div(button("Save", kind="o", size="s", type="submit"), saved_note(state.saved), class_name="row g4"),
        rx.el.p("Owners and admins choose this.", class_name="xs i3"),
    )
    now = rx.cond(state.at != "", rx.el.p("Told now at: ", state.at, " credits.", class_name="sm i2 num"), rx.fragment())
    form = rx.el.form(rx.el.div(percent, credits_, class_name="row top g4 wrapx"), mail, save, on_submit=state.save, class_name="col g4")
    body = rx.el.div(fault_note(state.problem), now, form, class_name="pad col g4")
    # Made anew when other values have come, because a field keeps the first one it was given.
    return card("When credits run low", rx.fragment(body, key=state.version), name="k5")
