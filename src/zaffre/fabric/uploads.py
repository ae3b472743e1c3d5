"""Content that comes in pieces and can be resumed, after the core of tus 1.0 (https://tus.io/protocols/resumable-upload).

What has arrived is a file; its length is the offset, so there is nothing beside it that could disagree with it: a
server that is killed loses no more than what it had not told the client to be there. Pieces are on disk before they
are acknowledged. One piece of an image comes in at a time, which a lock on the file sees to, also between processes.
"""

import fcntl
import hashlib
import os
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import structlog
from sqlalchemy import select

from zaffre.fabric.image_kinds import ImageKind
from zaffre.fabric.images import ImageNotReady, Images, ImageState
from zaffre.fabric.library import BEGINNING_BYTES, ImageRefused, Library, StoredImage, check_beginning
from zaffre.fabric.tables import ImageRow
from zaffre.foundation.actor import Actor, system_actor
from zaffre.foundation.errors import Conflict, DomainError, InvalidInput, TooLarge, Unavailable
from zaffre.foundation.work import UnitsOfWork

log = structlog.get_logger(__name__)

UPLOADS_AT_ONCE = 32
BUFFER_BYTES = 2**20
HASHED_AT_ONCE_BYTES = 4 * 2**20
ABANDONED_AFTER_S = 24 * 3600.0
SWEEP_BATCH = 100


class OffsetMismatch(Conflict):
    """The piece does not begin where the content ends."""

    code = "upload.offset_mismatch"
    title = "The piece does not fit"

    def __init__(self, offset: int, sent: int) -> None:
        super().__init__(
            f"{offset} bytes have arrived and the piece begins at {sent}.",
            remedy="Ask with HEAD where to go on, and send the content from there.",
            target="Upload-Offset",
        )


class LengthUnknown(InvalidInput):
    """It was never said how much content is to come."""

    code = "upload.length_unknown"
    title = "The upload's length is not known"

    def __init__(self) -> None:
        super().__init__(
            "It is not known how much content is to come.",
            remedy="Say size_bytes when making the image, or send Upload-Length with the first piece.",
            target="Upload-Length",
        )


class UploadBusy(DomainError):
    """Another piece of the same image is coming in."""

    code = "upload.busy"
    title = "Another upload to this image is under way"
    status = 423

    def __init__(self) -> None:
        super().__init__(
            "A piece of this image is coming in on another connection.",
            remedy="Let it end, or wait a moment until the server has noticed that it broke off.",
        )


class TooManyUploads(Unavailable):
    """As many uploads are under way as this server takes."""

    code = "upload.too_many"
    title = "Too many uploads at once"


class LibraryFull(DomainError):
    """The library's disk has no room."""

    code = "library.full"
    title = "The library is full"
    status = 507


@dataclass(frozen=True)
class UploadStatus:
    """How far an upload is."""

    offset: int
    length: int | None
    """None: not known yet."""


class Uploads:
    """Takes in content piece by piece."""

    def __init__(self, units: UnitsOfWork, library: Library) -> None:
        self._units = units
        self._library = library
        self._under_way = 0

    async def status(self, row: ImageRow) -> UploadStatus:
        """Return how far an image's upload is; that of an image that has its content is complete."""
        if row.state == ImageState.AVAILABLE:
            return UploadStatus(row.size_bytes or 0, row.size_bytes)
        path = self._library.upload_path(row.id)
        return UploadStatus(await self._library.run(lambda: _length(path)), row.announced_size_bytes)

    async def take(
        self, actor: Actor, row: ImageRow, offset: int, length: int | None, chunks: AsyncIterator[bytes]
    ) -> int:
        """Take in a piece that begins at `offset`; returns how much has arrived then.

        With the last byte the content is checked and the image becomes available; an empty piece at the end has it
        checked again, should the server have died meanwhile, and changes nothing once the image is available.
        What arrives before a connection breaks off is kept.

        Raises:
            ImageNotReady: the image does not wait for content.
            LengthUnknown: how much is to come was never said.
            OffsetMismatch: the piece does not begin where the content ends.
            UploadBusy, TooManyUploads, TooLarge, LibraryFull: see there.
            ImageRefused: the content is not what it should be; nothing is kept of it.
        """
        if row.state == ImageState.AVAILABLE and offset == row.size_bytes:
            return offset  # the answer to the last piece was lost
        length = await self._expected(actor, row, length)
        if self._under_way >= UPLOADS_AT_ONCE:
            raise TooManyUploads(f"{UPLOADS_AT_ONCE} uploads are under way.", remedy="Try again shortly.")
        self._under_way += 1
        try:
            return await self._locked(actor, row, offset, length, chunks)
        finally:
            self._under_way -= 1

    async def sweep(self) -> None:
        """Give up uploads that nobody went on with: own images go with their quota, the site's stay, empty."""
        actor = system_actor("upload sweep")
        before = time.time() - ABANDONED_AFTER_S
        stale = await self._library.run(lambda: _stale(self._library.upload_path("*"), before))
        async with self._units.read(actor) as work:
            old = ImageRow.created_at.asc()
            statement = select(ImageRow).where(
                ImageRow.state == ImageState.AWAITING_CONTENT, ImageRow.owner_subscription_id.is_not(None)
            )
            waiting = (await work.session.scalars(statement.order_by(old).limit(SWEEP_BATCH))).all()
        for row in waiting:
            path = self._library.upload_path(row.id)
            if row.created_at.timestamp() < before and (row.id in stale or not await self._library.run(path.exists)):
                await self._give_up(actor, row.id)
        for image_id in stale - {row.id for row in waiting}:
            await self._library.run(lambda name=image_id: self._library.upload_path(name).unlink(missing_ok=True))

    async def _give_up(self, actor: Actor, image_id: str) -> None:
        try:
            async with self._units.write(actor) as work:
                await Images(work).delete(image_id)
        except DomainError as error:
            log.info("an abandoned upload stays for now", image_id=image_id, cause=error.detail)

    async def _expected(self, actor: Actor, row: ImageRow, length: int | None) -> int:
        """Return how much content is to come, noting it where it is said only now."""
        if row.state != ImageState.AWAITING_CONTENT:
            raise ImageNotReady(
                f"Image {row.name!r} is {row.state}.", remedy="Content goes into an image that waits for it."
            )
        if row.announced_size_bytes is not None:
            if length not in (None, row.announced_size_bytes):
                raise InvalidInput(
                    f"The image is announced with {row.announced_size_bytes} bytes and Upload-Length says {length}.",
                    remedy="Leave Upload-Length out, or make another image.",
                    target="Upload-Length",
                )
            return row.announced_size_bytes
        if length is None:
            raise LengthUnknown
        if length > self._library.limit_bytes:
            raise TooLarge(
                f"The image would have {length} bytes and the limit is {self._library.limit_bytes}.",
                remedy="Compress or shrink it, or raise library.image_limit_gib.",
                target="Upload-Length",
            )
        async with self._units.write(actor) as work:
            (await Images(work).get(row.id)).announced_size_bytes = length
        return length

    async def _locked(self, actor: Actor, row: ImageRow, offset: int, length: int, chunks: AsyncIterator[bytes]) -> int:
        path = self._library.upload_path(row.id)
        file: IO[bytes] = await self._library.run(lambda: _open_locked(path))
        try:
            present = await self._library.run(lambda: os.fstat(file.fileno()).st_size)
            if present != offset:
                raise OffsetMismatch(present, offset)
            arrived = await self._append(file, offset, length, chunks)
            if arrived >= min(BEGINNING_BYTES, length):
                await self._check(row, path, length)
            if arrived == length:
                await self._finish(actor, row, path, length)
            return arrived
        finally:
            await self._library.run(file.close)

    async def _append(self, file: IO[bytes], offset: int, length: int, chunks: AsyncIterator[bytes]) -> int:
        """Write a piece; whatever ends it, what has arrived is on disk afterwards."""
        arrived, buffer = offset, bytearray()
        try:
            async for chunk in chunks:
                if arrived + len(buffer) + len(chunk) > length:
                    raise TooLarge(
                        f"More content arrives than the {length} bytes that were announced.",
                        remedy="Send what was announced, or make another image.",
                        target="content",
                    )
                buffer += chunk
                if len(buffer) >= BUFFER_BYTES:
                    arrived += await self._write(file, bytes(buffer))
                    buffer.clear()
        finally:
            arrived += await self._write(file, bytes(buffer))
            await self._library.run(lambda: os.fsync(file.fileno()))
        return arrived

    async def _write(self, file: IO[bytes], content: bytes) -> int:
        try:
            return await self._library.run(lambda: _write_all(file, content))
        except OSError as error:
            raise LibraryFull(
                f"The library's disk takes no more: {error.strerror}.",
                remedy="Tell the provider; the upload can be resumed when there is room.",
            ) from None

    async def _check(self, row: ImageRow, path: Path, length: int) -> None:
        """Refuse content by its beginning, before the rest of it is sent in vain."""
        beginning = await self._library.run(lambda: _beginning(path))
        try:
            check_beginning(ImageKind(row.kind), beginning, length, self._library.limit_bytes)
        except ImageRefused:
            await self._library.run(lambda: path.unlink(missing_ok=True))
            raise

    async def _finish(self, actor: Actor, row: ImageRow, path: Path, length: int) -> None:
        sha256 = await self._library.run(lambda: _sha256(path))
        if row.announced_sha256 not in (None, sha256):
            await self._library.run(lambda: path.unlink(missing_ok=True))
            raise ImageRefused(
                f"The content's SHA-256 is {sha256} and {row.announced_sha256} was announced.",
                remedy="Check the file, then upload it again from the beginning.",
                target="content",
            )
        kind = ImageKind(row.kind)
        header = check_beginning(
            kind, await self._library.run(lambda: _beginning(path)), length, self._library.limit_bytes
        )
        final = self._library.path(row.id, sha256, kind)
        # Linked first and unlinked last: killed in between, an empty piece at the end does it again.
        await self._library.run(lambda: _link(path, final))
        try:
            async with self._units.write(actor) as work:
                await Images(work).fill(row.id, StoredImage(sha256, length, header.virtual_size_bytes))
        except DomainError:
            await self._library.remove(row.id, sha256)
            raise
        await self._library.run(lambda: path.unlink(missing_ok=True))


def _write_all(file: IO[bytes], content: bytes) -> int:
    written = 0
    while written < len(content):
        written += file.write(content[written:])
    return written


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _open_locked(path: Path) -> IO[bytes]:
    """Open a file to append to, locked.

    Raises:
        UploadBusy: somebody else has it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("ab", buffering=0)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise UploadBusy from None
    return file


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(BEGINNING_BYTES)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(HASHED_AT_ONCE_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _link(path: Path, final: Path) -> None:
    with suppress(FileExistsError):
        os.link(path, final)
    directory = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _stale(pattern: Path, before: float) -> set[str]:
    """Return the ids of images whose uploads were last written to before an instant."""
    return {file.stem for file in pattern.parent.glob(pattern.name) if file.stat().st_mtime < before}
