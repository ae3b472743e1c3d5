"""Headers and answers of resumable uploads, for the routes that take them (the core of tus 1.0)."""

from typing import Annotated

from fastapi import Depends, Header, Request, Response

from zaffre.fabric.services import FabricServices
from zaffre.fabric.tables import ImageRow
from zaffre.foundation.errors import DomainError, PreconditionFailed

PROTOCOL = "1.0.0"
PIECE = "application/offset+octet-stream"
RESUMABLE_BODY = {
    "requestBody": {"required": True, "content": {PIECE: {"schema": {"type": "string", "format": "binary"}}}}
}


class WrongPieceType(DomainError):
    """The body is not declared to be a piece of an upload."""

    code = "upload.wrong_type"
    title = "The body must be a piece of an upload"
    status = 415

    def __init__(self) -> None:
        super().__init__(
            "The body is not sent as a piece of an upload.",
            remedy=f"Send it with Content-Type: {PIECE}.",
            target="Content-Type",
        )


def _protocol(tus_resumable: Annotated[str | None, Header(max_length=20)] = None) -> None:
    """Refuse another version of the protocol; a client that names none gets this one."""
    if tus_resumable not in (None, PROTOCOL):
        raise PreconditionFailed(tus_resumable, PROTOCOL)


Protocol = Depends(_protocol)
UploadOffset = Annotated[int, Header(ge=0, le=2**53, description="Where the piece begins")]
UploadLength = Annotated[int | None, Header(ge=1, le=2**50, description="How much content is to come in all")]


async def upload_status(fabric: FabricServices, row: ImageRow) -> Response:
    """Answer HEAD: where to go on."""
    status = await fabric.uploads.status(row)
    length = {"Upload-Defer-Length": "1"} if status.length is None else {"Upload-Length": str(status.length)}
    return Response(headers={"Upload-Offset": str(status.offset), "Tus-Resumable": PROTOCOL, **length})


async def take_piece(
    fabric: FabricServices, row: ImageRow, request: Request, offset: int, length: int | None
) -> Response:
    """Answer PATCH: how much has arrived now."""
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != PIECE:
        raise WrongPieceType
    arrived = await fabric.uploads.take(request.state.actor, row, offset, length, request.stream())
    return Response(status_code=204, headers={"Upload-Offset": str(arrived), "Tus-Resumable": PROTOCOL})
