"""What is taken in, what is refused, and in which words."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from backend.control_plane.knowledge import extraction, service
from backend.control_plane.knowledge.service import Knowledge
from backend.kernel.caller import Caller, Door, Role
from backend.kernel.errors import Conflict, DomainError, Invalid, NotFound, TooLarge, UnsupportedMedia
from backend.kernel.ids import DocumentId, InstanceId, WorkspaceId
from tests.service.knowledge import documents
from tests.service.knowledge.conftest import ME, MINE, OTHER, Indexed, Ownership

THEM = Caller(Door.WORKSPACE, WorkspaceId("ws_them"), Role.OWNER)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8

REFUSED: list[tuple[str, bytes, type[DomainError], str]] = [
    ("a.txt", PNG, UnsupportedMedia, "binary data"),
    ("a.txt", documents.pdf("x"), UnsupportedMedia, "a PDF"),
    ("a.pdf", b"just words", UnsupportedMedia, "plain text"),
    ("a.pdf", documents.docx(), UnsupportedMedia, "a Word document"),
    ("a.docx", b"PK\x03\x04 and nothing", UnsupportedMedia, "a ZIP archive"),
    ("a.exe", b"words", UnsupportedMedia, ".txt, .md, .html, .pdf and .docx"),
    ("noname", b"words", UnsupportedMedia, "cannot be read"),
    ("a.txt", b" \n ", Invalid, "is empty"),
    ("", b"words", Invalid, "no name"),
    ("a.docx", documents.bomb(), Invalid, "unpacks to far more"),
]
UNREADABLE = [
    ("locked.pdf", documents.encrypted_pdf(), "protected by a password"),
    ("broken.pdf", b"%PDF-1.4\nnothing that is a page", "broken"),
    ("scan.pdf", documents.pdf(""), "No text was found"),
    ("broken.docx", documents.docx_with(b"<w:document>not closed"), "broken"),
    ("script.html", b"<html><script>only()</script></html>", "No text was found"),
]


async def test_every_kind_is_read_with_its_places(knowledge: Knowledge, indexed: Indexed) -> None:
    await indexed("keys.docx", documents.docx())
    await indexed("rules.pdf", documents.pdf("Dogs are welcome.", "Cats sleep outside."))
    await indexed("help.html", documents.HTML)
    await indexed("plain.txt", "First things.\n\nSwimming is allowed until dusk.")
    places = {
        q: [(p.document_name, p.place, p.text) for p in await knowledge.search(MINE, q)]
        for q in ("cellar", "cats", "parking", "mondays", "swimming")
    }
    assert places["cellar"] == [("keys.docx", "Keys", "The blue key opens the cellar.\nCellar | open until ten")]
    assert places["cats"] == [("rules.pdf", "p. 2", "Cats sleep outside.")]
    assert places["parking"] == places["mondays"] == [("help.html", "Parking", "Four spaces behind the house.\nClosed on Mondays.")]
    assert places["swimming"] == [("plain.txt", "line 3", "Swimming is allowed until dusk.")]


async def test_a_file_that_is_not_what_it_says_is_refused_by_the_file(knowledge: Knowledge) -> None:
    for name, data, kind, words in REFUSED:
        with pytest.raises(kind) as refused:
            await knowledge.add(ME, MINE, name, data)
        assert words in refused.value.detail, name
        assert "file" in refused.value.fields
    assert not await knowledge.list(ME, MINE)
    assert not [p for p in knowledge._folder.rglob("*") if p.is_file()]


async def test_a_document_that_cannot_be_read_fails_in_words_and_leaves_nothing_indexed(knowledge: Knowledge, indexed: Indexed) -> None:
    for name, data, words in UNREADABLE:
        document = await indexed(name, data)
        assert (document.status, document.passages) == ("failed", 0), name
        assert words in document.error


async def test_a_reader_that_takes_too_long_is_ended(knowledge: Knowledge, indexed: Indexed, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hasty(kind: str, path: Any) -> Any:
        return await extraction.extract(kind, path, seconds=0.01)

    monkeypatch.setattr(service, "extract", hasty)
    document = await indexed("a.txt", "words")
    assert (document.status, document.error) == ("failed", "Reading it took longer than a document should need.")


async def test_the_plan_s_room_is_kept_and_told(knowledge: Knowledge, instances: Ownership) -> None:
    instances.room = 1024 * 1024
    await knowledge.add(ME, MINE, "a.txt", b"a word " * 100_000)
    with pytest.raises(TooLarge) as refused:
        await knowledge.add(ME, MINE, "b.txt", b"b word " * 100_000)
    assert refused.value.detail == "“b.txt” has 0.7 MB, but 0.7 MB of the plan's 1.0 MB are used."
    assert await knowledge.used(MINE) == 700_000
    assert await knowledge.used(OTHER) == 0


async def test_two_uploads_at_once_do_not_share_the_same_room(knowledge: Knowledge, instances: Ownership) -> None:
    instances.room = 1_000_000
    both = [knowledge.add(ME, MINE, f"{n}.txt", f"{n} word ".encode() * 80_000) for n in range(2)]
    ends = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(isinstance(end, TooLarge) for end in ends) == [False, True]


async def test_the_same_document_is_noticed_whatever_its_name(knowledge: Knowledge) -> None:
    await knowledge.add(ME, MINE, "one.txt", b"the same words")
    with pytest.raises(Conflict, match=r"“one\.txt”"):
        await knowledge.add(ME, MINE, "two.txt", b"the same words")
    assert (await knowledge.add(ME, OTHER, "two.txt", b"the same words")).name == "two.txt"
    assert [view.name for view in await knowledge.list(ME, MINE)] == ["one.txt"]


async def test_another_workspace_s_agent_is_not_found(knowledge: Knowledge, indexed: Indexed) -> None:
    document = await indexed("a.txt", "words")
    for refused in (
        knowledge.add(THEM, MINE, "b.txt", b"words"),
        knowledge.list(THEM, MINE),
        knowledge.remove(THEM, MINE, document.id),
        knowledge.remove(ME, OTHER, document.id),
        knowledge.remove(ME, MINE, DocumentId("doc_none")),
        knowledge.list(ME, InstanceId("inst_none")),
    ):
        with pytest.raises(NotFound):
            await refused
    assert [view.id for view in await knowledge.list(ME, MINE)] == [document.id]


async def test_indexing_again_changes_nothing(knowledge: Knowledge, indexed: Indexed) -> None:
    document = await indexed("a.md", "## Keys\n\nThe blue key opens the cellar.")
    await knowledge.index(document.id)
    await knowledge.resume()
    assert len(await knowledge.search(MINE, "cellar")) == 1


async def test_a_document_whose_work_was_never_begun_is_taken_up(knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch) -> None:
    async def dies(_: str) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(knowledge, "_begin", dies)
        with pytest.raises(ConnectionError):
            await knowledge.add(ME, MINE, "a.txt", b"The blue key opens the cellar.")
    (document,) = await knowledge.list(ME, MINE)
    assert document.status == "queued"
    await knowledge.resume()
    await knowledge._durable.wait(f"knowledge-{document.id}")
    assert len(await knowledge.search(MINE, "cellar")) == 1


async def test_a_name_is_only_ever_a_name(knowledge: Knowledge) -> None:
    view = await knowledge.add(ME, MINE, "../../etc/\x07pass\u202ewd.txt", b"words")
    assert view.name == "passwd.txt"
    (kept,) = [p for p in knowledge._folder.rglob("*") if p.is_file()]
    assert kept == knowledge._folder / MINE / view.id
