"""What a file is, by its content; its name only has to agree."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import PurePath

from charset_normalizer import from_bytes

from backend.kernel.errors import Invalid, UnsupportedMedia

NAMES = {".txt": "text", ".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html", ".pdf": "pdf", ".docx": "docx"}
ACCEPTED = ".txt, .md, .html, .pdf and .docx"
MAX_UNPACKED = 100 * 1024 * 1024
"""Bytes a .docx may unpack to."""
_MAX_PARTS = 2_000
# A comment, once read, is never given back (`?>`): or a row of them would be tried in every way it can be cut.
_HTML = re.compile(rb"\s*(?>(?><!--.*?-->)\s*)*<(!doctype\s+html|html|head|body)\b", re.I | re.S)
_WORDS_FOR = {"pdf": "a PDF", "docx": "a Word document", "zip": "a ZIP archive", "binary": "binary data", "html": "an HTML page"}


def recognise(name: str, data: bytes) -> str:
    """The kind of document: text, markdown, html, pdf or docx.

    Raises Invalid for an empty file, a broken one or a bomb, UnsupportedMedia for other kinds and for a name that the content belies.
    """
    named = NAMES.get(PurePath(name).suffix.lower())
    if named is None:
        raise UnsupportedMedia(f"“{name}” is of a kind that cannot be read. Upload {ACCEPTED} files.", fields={"file": "unknown kind"})
    if not data.strip():
        raise Invalid(f"“{name}” is empty.", fields={"file": "empty"})
    is_really = _content(data)
    if is_really == "text" and named in {"text", "markdown", "html"}:
        return named
    if is_really == "html" and named in {"html", "markdown"}:
        return named
    if is_really != named:
        seems = f"it is {_WORDS_FOR[is_really]}" if is_really in _WORDS_FOR else "it is plain text"
        raise UnsupportedMedia(f"“{name}” is not what its name says: by its content {seems}.", fields={"file": "name and content differ"})
    if named == "docx":
        _check_archive(name, data)
    return named


def decode(data: bytes) -> str:
    """Text in whatever encoding it was written in."""
    for encoding in ("utf-8-sig", *(("utf-16",) if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else ())):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    best = from_bytes(data).best()
    return str(best) if best is not None else data.decode("utf-8", errors="replace")


def _content(data: bytes) -> str:
    head = data[:4096]
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head.startswith(b"PK\x03\x04"):
        return _archive(data)
    if _is_binary(data):
        return "binary"
    return "html" if _HTML.match(head.lstrip(b"\xef\xbb\xbf")) else "text"


def _archive(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return "docx" if "word/document.xml" in archive.namelist() else "zip"
    except zipfile.BadZipFile:
        return "zip"


def _is_binary(data: bytes) -> bool:
    """Text has no control characters but white space; UTF-16 shows itself by its mark."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        try:
            sample = data[: 64 * 1024 // 2 * 2].decode("utf-16", errors="strict")
        except UnicodeDecodeError:
            return True
        return any(ord(c) < 32 and c not in "\t\n\r\f" for c in sample)
    sample_bytes = data[: 64 * 1024]
    controls = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in sample_bytes)
    return b"\x00" in data or controls * 100 > len(sample_bytes)


def _check_archive(name: str, data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
    if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise Invalid(f"“{name}” unpacks to far more than a document holds, and was refused.", fields={"file": "unpacks to too much"})
