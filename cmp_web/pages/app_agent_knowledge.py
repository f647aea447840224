"""One agent: the documents it answers from."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cmp_web import routes
from cmp_web.components.app_parts import destroys, dialog, fault_note, head_row, meter, opens, phased, when
from cmp_web.components.base import empty, status
from cmp_web.components.icons import icon
from cmp_web.layouts import agent
from cmp_web.pages.page import Page
from cmp_web.state.app_agents import Agent
from cmp_web.state.app_knowledge import Knowledge
from cmp_web.state.app_workspace import Workspace
from cmp_web.theme import stamped

KINDS = ".pdf,.docx,.md,.txt,.html,.htm"


def view() -> rx.Component:
    main = rx.el.div(_drop(), fault_note(Knowledge.problem), _documents(), class_name="col g6")
    ready = rx.el.div(main, _beside(), class_name="kg")
    shown = phased(Knowledge, ready, loading="Loading the documents", retry=Knowledge.load, failed="The documents could not be loaded")
    return agent.shell("knowledge", rx.el.div(shown, class_name="page"))


def _drop() -> rx.Component:
    """Files go to the API's own upload with their progress (assets/upload.js), which then presses the hidden button."""
    choose = rx.el.label("choose files", html_for="files", class_name="link med")
    words = rx.el.div(
        rx.el.p("Drop files here, or ", choose, class_name="med"),
        rx.el.p(
            "PDF, Word, Markdown, text or HTML, up to 50 MB each. The agent can use a file as soon as it says Ready.", class_name="xs i3"
        ),
        class_name="col grow",
    )
    field = rx.el.input(type="file", id="files", multiple=True, accept=KINDS, class_name="vh", aria_label="Add documents")
    address = "/v1/instances/" + Knowledge.agent_id + "/knowledge"
    zone = rx.el.div(
        icon("upload", large=True), words, field, class_name="drop", custom_attrs={"data-upload": address, "data-then": "documents-changed"}
    )
    told = rx.el.button("Load the documents again", type="button", id="documents-changed", hidden=True, on_click=Knowledge.load)
    script = rx.el.script(src=stamped("upload.js"), custom_attrs={"async": True})
    return rx.el.div(
        zone, rx.el.ul(id="uploads", class_name="col g2 uploads", custom_attrs={"aria-live": "polite"}), told, script, class_name="col g3"
    )


def _documents() -> rx.Component:
    head = rx.el.div(
        rx.el.h2("Documents", id="kf", class_name="grow"), rx.el.span(Knowledge.rows.length(), class_name="xs i3 num"), class_name="hd"
    )
    table = rx.el.table(
        head_row("Name", "State", ("Size", "n"), "Added", ("Actions", "vh")),
        rx.el.tbody(rx.foreach(Knowledge.rows, _row)),
        class_name="tbl ktab stack",
    )
    none = empty("file", "No documents yet", "Add a PDF or a text file, and the agent answers from it.")
    listed = rx.cond(Knowledge.rows.length() > 0, table, rx.el.div(none, class_name="flat"))
    return rx.el.section(head, listed, class_name="card clip", custom_attrs={"aria-labelledby": "kf"})


def _row(document: Any) -> rx.Component:
    below = rx.cond(
        document.error != "", rx.el.p(document.error, class_name="xs bad wrapok"), rx.el.span(document.detail, class_name="xs i3")
    )
    named = rx.el.div(rx.el.span(document.name, class_name="med anyw"), below, class_name="col")
    asked = "remove-" + document.id
    ask = dialog(
        asked,
        "Delete “" + document.name + "”?",
        "It leaves the answers at once, and its text is deleted. This cannot be undone.",
        destroys("Delete document", Knowledge.remove(document.id)),
        safe="Keep document",
    )
    return rx.el.tr(
        rx.el.td(rx.el.div(rx.el.span(icon("file"), class_name="i3"), named, class_name="row g3 top")),
        rx.el.td(status(document.status_words, document.tone), class_name="full st-m"),
        rx.el.td(document.size, class_name="n i2"),
        rx.el.td(when(document.added), class_name="i2 nowrap hide-m"),
        rx.el.td(opens(asked, icon("trash"), label="Delete " + document.name, kind="q", size="i s"), ask, class_name="n"),
    )


def _beside() -> rx.Component:
    space = rx.el.section(
        rx.el.div(
            rx.el.h2("Space", class_name="t0"),
            rx.el.span(Knowledge.used, " of ", Knowledge.room, class_name="xs i2 num"),
            class_name="row between base",
        ),
        meter("Knowledge used", Knowledge.filled),
        rx.el.p(Agent.row.plan, " plan. Deleting a file gives its space back.", class_name="xs i3"),
        class_name="col g3",
    )
    form = rx.el.form(
        rx.el.label("Question", html_for="asked", class_name="vh"),
        rx.el.div(
            rx.el.input(id="asked", name="asked", class_name="inp", placeholder="A few words"),
            rx.el.button("Check", type="submit", class_name="btn o"),
            class_name="row",
        ),
        rx.cond(
            (Knowledge.asked != "") & (Knowledge.found.length() == 0),
            rx.el.p("Nothing in the documents speaks of this.", class_name="xs i3"),
            rx.fragment(),
        ),
        rx.foreach(Knowledge.found, _found),
        on_submit=Knowledge.check,
        class_name="col g2",
    )
    check = rx.el.section(
        rx.el.h2("Ask to check", class_name="t0"),
        rx.el.p("See which passages an answer would come from. Free.", class_name="i2"),
        form,
        class_name="col g3",
    )
    return rx.el.aside(space, rx.el.hr(class_name="hr"), check, class_name="col g6", aria_label="Space and checks")


def _found(passage: Any) -> rx.Component:
    head = rx.el.div(
        rx.el.span(passage.n, class_name="cite"),
        rx.el.span(passage.name, class_name="med trunc"),
        rx.el.span(passage.place, class_name="i3 trunc"),
        class_name="row xs",
    )
    return rx.el.div(head, rx.el.p(passage.text, class_name="xs i2 anyw"), class_name="card pad4 col g2")


PAGE = Page(f"{routes.APP_AGENT}/knowledge", "Knowledge", view, on_load=(Workspace.load, Agent.load, Knowledge.load))
