"""One agent: the chat widget on the customer's own site."""

from __future__ import annotations

import reflex as rx

from cmp_web import routes
from cmp_web.components.app_budget import budget_bars, budget_fields
from cmp_web.components.app_parts import fault_note, phased, saved_note
from cmp_web.components.base import button, code_block, field, note, text_input
from cmp_web.layouts import agent
from cmp_web.pages.page import Page
from cmp_web.state.app_agents import Agent
from cmp_web.state.app_widget import Widget
from cmp_web.state.app_workspace import Workspace


def view() -> rx.Component:
    ready = rx.el.div(rx.el.div(_snippet(), _form(), class_name="col g8"), _preview(), class_name="kg")
    shown = phased(Widget, ready, loading="Loading the widget", retry=Widget.load, failed="The widget could not be loaded")
    return agent.shell("widget", rx.el.div(shown, class_name="page"))


def _snippet() -> rx.Component:
    code = (
        "<script src=",
        rx.el.span('"' + Widget.site + '/widget.js"', class_name="s"),
        "\n        data-widget=",
        rx.el.span('"' + Widget.widget_id + '"', class_name="s"),
        " async></script>",
    )
    nowhere = note("No site is allowed yet, so the widget opens nowhere but here. Add yours below.", tone="wa", sign="alert")
    return rx.el.section(
        rx.el.h2("Place it", class_name="t0", id="place"),
        rx.el.p(
            "Paste this line before the end of the page body. It holds no secret: the widget opens only on the sites you allow.",
            class_name="i2",
        ),
        code_block("index.html", *code),
        rx.cond(Widget.origins == "", nowhere, rx.fragment()),
        class_name="col g3",
        custom_attrs={"aria-labelledby": "place"},
    )


def _form() -> rx.Component:
    sites = rx.el.textarea(
        id="origins",
        name="origins",
        rows="3",
        class_name="inp mono",
        default_value=Widget.origins,
        key=Widget.origins,
        placeholder="https://www.your-website.example",
        custom_attrs={
            "aria-invalid": rx.cond(Widget.origins_fault != "", "true", "false"),
            "aria-describedby": "origins-error origins-hint",
        },
    )
    hint = "One a line: https://, the host, nothing after it. http://localhost works for trying out."
    greeting = text_input("greeting", error=Widget.greeting_fault, default_value=Widget.greeting, key=Widget.greeting)
    contact = text_input(
        "contact_email", error=Widget.contact_fault, type="email", default_value=Widget.contact_email, key=Widget.contact_email
    )
    reach = "Shown to a visitor when the agent cannot answer, or when credits are out."
    return rx.el.form(
        rx.el.h2("Settings", class_name="t0"),
        field("Allowed sites", sites, name="origins", hint=hint, error=Widget.origins_fault),
        field(
            "Title",
            text_input("title", error=Widget.title_fault, default_value=Widget.title, key=Widget.title),
            name="title",
            error=Widget.title_fault,
        ),
        field("Greeting", greeting, name="greeting", error=Widget.greeting_fault),
        field("Contact e-mail", contact, name="contact_email", hint=reach, error=Widget.contact_fault, optional=True),
        rx.el.label(
            rx.el.span("On", rx.el.span("Off: it disappears from every page.", class_name="xs i3 blk"), class_name="med"),
            rx.el.input(
                type="checkbox",
                name="enabled",
                class_name="sw",
                role="switch",
                default_checked=Widget.enabled,
                key=Widget.enabled.to_string(),
            ),
            class_name="row between",
        ),
        _budget(),
        fault_note(Widget.problem),
        rx.el.div(button("Save widget", type="submit"), saved_note(Widget.saved), class_name="row g4 wrapx"),
        on_submit=Widget.save,
        class_name="col g5",
    )


def _budget() -> rx.Component:
    hint = "What all visitors together may spend. Past it they are shown the contact e-mail. What is spent counts from when it is set."
    fields = budget_fields(Widget.budget_day, Widget.budget_month, Widget.day_fault, Widget.month_fault, hint)
    return rx.el.div(fields, rx.cond(Widget.spent.length() > 0, budget_bars(Widget.spent), rx.fragment()), class_name="col g3")


def _preview() -> rx.Component:
    """The real widget in a page of its own: what is asked here is a run like any other. Light or dark as the system is, like the widget."""
    page = (
        '<!doctype html><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
        '<script src="/widget.js" data-widget="' + Widget.widget_id + '" async></script>'
    )
    frame = rx.el.iframe(src_doc=page, title="Preview of the widget", class_name="preview", loading="lazy")
    shown = rx.cond(Widget.enabled, frame, rx.el.p("The widget is off.", class_name="i2"))
    return rx.el.aside(
        rx.el.h2("Preview", class_name="t0"),
        rx.el.p("The real widget, as saved. Messages here cost ", Agent.row.run, " each, as everywhere.", class_name="xs i3"),
        shown,
        class_name="col g3",
        aria_label="Preview",
    )


PAGE = Page(f"{routes.APP_AGENT}/widget", "Widget", view, on_load=(Workspace.load, Agent.load, Widget.load))
