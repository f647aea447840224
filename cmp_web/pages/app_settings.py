"""The account and its workspace."""

from __future__ import annotations

import reflex as rx

from cmp_web import routes
from cmp_web.components.app_parts import page_head
from cmp_web.components.base import button, leader, native_form, skeleton_rows
from cmp_web.layouts import workspace
from cmp_web.pages.page import Page
from cmp_web.state.app_workspace import Workspace


def view() -> rx.Component:
    account = rx.el.dl(leader("Name", Workspace.person), leader("E-mail", Workspace.email), class_name="lead-l")
    house = rx.el.dl(
        leader("Workspace", Workspace.name), leader("Your role", rx.el.span(Workspace.role, class_name="capital")), class_name="lead-l"
    )
    body = rx.el.div(
        rx.el.section(rx.el.h2("Account", class_name="t0"), account, class_name="card pad col g4"),
        rx.el.section(rx.el.h2("Workspace", class_name="t0"), house, class_name="card pad col g4"),
        _leave(),
        class_name="col g4 narrow",
    )
    shown = rx.cond(Workspace.known, body, skeleton_rows("Loading the settings", 3))
    return workspace.shell("settings", page_head("Settings", "Your account and this workspace."), shown)


def _leave() -> rx.Component:
    """A plain form: signing out ends the session on the server and leaves the application by a full navigation."""
    act = native_form(button("Sign out", kind="o", type="submit"), action=routes.LOGOUT)
    words = rx.el.div(
        rx.el.h2("Sign out", class_name="t0"),
        rx.el.p("Ends this session on this browser. Runs under way finish.", class_name="sm i2"),
        class_name="col grow",
    )
    return rx.el.section(words, act, class_name="card pad row g4 wrapx")


PAGE = Page(routes.APP_SETTINGS, "Settings", view, on_load=(Workspace.load,))
