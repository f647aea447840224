"""Small documents of each kind, well and ill, made in memory."""

from __future__ import annotations

import io
import zipfile

from docx import Document
from pypdf import PdfReader, PdfWriter


def pdf(*pages: str) -> bytes:
    """A PDF with a line of text on each page, written by hand so that no other library is needed."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for page in pages:
        content = f"BT /F1 12 Tf 72 720 Td ({page}) Tj ET"
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects)} 0 R /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    start = len(out)
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    trailer = f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF"
    return out + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{trailer}".encode()


def encrypted_pdf() -> bytes:
    writer = PdfWriter()
    writer.append(PdfReader(io.BytesIO(pdf("Secret things"))))
    writer.encrypt("a password", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def docx() -> bytes:
    document = Document()
    document.add_heading("House rules", 1)
    document.add_heading("Keys", 2)
    document.add_paragraph("The blue key opens the cellar.")
    table = document.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "Cellar", "open until ten"
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def docx_with(part: bytes) -> bytes:
    """A .docx whose document part is `part`."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(docx())) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, part if info.filename == "word/document.xml" else old.read(info))
    return out.getvalue()


def bomb() -> bytes:
    """A few hundred kilobytes that unpack to more than a document may."""
    return docx_with(b"<w:document>" + b" " * (101 * 1024 * 1024) + b"</w:document>")


HTML = b"""<!DOCTYPE html><html><head><title>t</title><style>p{color:red}</style></head><body><nav>Home</nav><h1>Help</h1>
<h2>Parking</h2><p>Four spaces <b>behind</b> the house.</p>
<script>alert('cellar')</script><div>Closed on <span>Mondays</span>.</div></body></html>"""
