"""HTTP in and out for documents of an instance."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from backend.control_plane.knowledge.schemas import DocumentList, DocumentOut
from backend.control_plane.knowledge.service import MAX_FILE, Knowledge
from backend.doors import Who
from backend.kernel.caller import Caller
from backend.kernel.errors import Invalid, TooLarge
from backend.kernel.ids import DocumentId, InstanceId

_ENVELOPE = 64 * 1024
"""Bytes that the multipart wrapping may take beside the file."""
_UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
            }
        },
    }
}


def routes(knowledge: Knowledge, who: Who) -> APIRouter:
    router = APIRouter(prefix="/v1/instances/{instance_id}/knowledge", tags=["knowledge"])

    @router.post("", status_code=202, openapi_extra=_UPLOAD)
    async def add(instance_id: str, request: Request, caller: Annotated[Caller, Depends(who.librarian)]) -> DocumentOut:
        """Add a document (.txt, .md, .html, .pdf, .docx). It is indexed in the background; `status` tells how far it is."""
        name, data = await _file(request)
        return DocumentOut.model_validate(await knowledge.add(caller, InstanceId(instance_id), name, data))

    @router.get("")
    async def documents(instance_id: str, caller: Annotated[Caller, Depends(who.document_reader)]) -> DocumentList:
        """The instance's documents, newest first."""
        found = await knowledge.list(caller, InstanceId(instance_id))
        return DocumentList(items=[DocumentOut.model_validate(view) for view in found], used=sum(view.size for view in found))

    @router.delete("/{document_id}", status_code=204)
    async def remove(instance_id: str, document_id: str, caller: Annotated[Caller, Depends(who.librarian)]) -> None:
        """Delete a document with all its text."""
        await knowledge.remove(caller, InstanceId(instance_id), DocumentId(document_id))

    return router


async def _file(request: Request) -> tuple[str, bytes]:
    """The multipart field `file`, read no further than a document may be long."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Invalid("Send the document as multipart/form-data, in a field named “file”.", fields={"file": "missing"})
    try:
        form = await MultiPartParser(request.headers, _limited(request), max_files=1, max_fields=8).parse()
    except MultiPartException as fault:
        raise Invalid(f"The multipart body cannot be read: {fault.message}", fields={"file": "malformed"}) from None
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Invalid("Send the document in a field named “file”.", fields={"file": "missing"})
        return file.filename or "", await file.read()
    finally:
        await form.close()


async def _limited(request: Request) -> AsyncGenerator[bytes, None]:
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > MAX_FILE + _ENVELOPE:
            raise TooLarge(f"One document may have {MAX_FILE // 1024**2} MB.", fields={"file": "too large"})
        yield chunk
