"""The library's files: image content on this machine, checked and hashed on its way in.

Content is written beside its final name and renamed when it is whole, so a file with a final name is always complete.
The blocking parts run in a few threads of their own.
"""

import asyncio
import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from zaffre.fabric.image_header import BYTES_PER_GIB, ImageHeader, ImageRefused, read_header
from zaffre.fabric.image_kinds import FORMAT_OF, ImageKind
from zaffre.fabric.iso_header import ISO_HEADER_BYTES, read_iso_header
from zaffre.foundation.errors import InvalidInput, TooLarge

CHUNK_BYTES = 4 * 2**20
WRITERS = 4
BEGINNING_BYTES = ISO_HEADER_BYTES
"""How much of content is kept in memory to be checked when all of it is there; enough for either kind."""


@dataclass(frozen=True)
class StoredImage:
    """What was found out about content while it came in."""

    sha256: str
    size_bytes: int
    virtual_size_bytes: int


class Library:
    """Image files below one directory."""

    def __init__(self, directory: Path, limit_gib: int, import_directories: tuple[Path, ...]) -> None:
        self._directory = directory
        self._limit_bytes = limit_gib * BYTES_PER_GIB
        self._import_directories = [path.resolve() for path in import_directories]
        self._pool = ThreadPoolExecutor(WRITERS, thread_name_prefix="library")

    def path(self, image_id: str, sha256: str, kind: ImageKind = ImageKind.DISK) -> Path:
        """Return where an image's content is, or would be. Two uploads to one image cannot overwrite one another."""
        return self._directory / f"{image_id}-{sha256[:32]}.{FORMAT_OF[kind]}"

    def importable(self, path: str) -> Path:
        """Return a file that may be imported.

        Raises:
            InvalidInput: it is outside the directories that the operator opened for imports, or no readable file.
        """
        file = Path(path).resolve()
        if not any(file.is_relative_to(directory) for directory in self._import_directories):
            raise InvalidInput(
                f"{path} is not in a directory that images may be imported from.",
                remedy="Add its directory to the setting library.import_directories, or upload the file.",
                target="path",
            )
        if not file.is_file() or not os.access(file, os.R_OK):
            raise InvalidInput(f"{path} is not a readable file.", remedy="Check the path.", target="path")
        return file

    async def store(self, image_id: str, chunks: AsyncIterator[bytes], kind: ImageKind = ImageKind.DISK) -> StoredImage:
        """Take in content from a stream.

        Raises:
            ImageRefused: it is not an acceptable image; nothing is kept.
            TooLarge: it exceeds the limit; nothing is kept.
        """
        intake = await self._run(lambda: _Intake(self._directory, image_id, kind, self._limit_bytes))
        try:
            async for chunk in chunks:
                await self._run(lambda chunk=chunk: intake.write(chunk))
            return await self._run(lambda: intake.finish(partial(self.path, image_id, kind=kind)))
        finally:
            await self._run(intake.discard)

    async def copy_in(
        self, image_id: str, source: Path, report: Callable[[float], None], kind: ImageKind = ImageKind.DISK
    ) -> StoredImage:
        """Take in content from a file of this machine; `report` is called with the fraction that is done.

        Raises:
            ImageRefused: it is not an acceptable image; nothing is kept.
            TooLarge: it exceeds the limit; nothing is kept.
        """
        total = max((await self._run(source.stat)).st_size, 1)

        async def chunks() -> AsyncIterator[bytes]:
            done = 0
            with await self._run(lambda: source.open("rb")) as file:
                while chunk := await self._run(lambda: file.read(CHUNK_BYTES)):
                    yield chunk
                    done += len(chunk)
                    report(done / total)

        return await self.store(image_id, chunks(), kind)

    @property
    def limit_bytes(self) -> int:
        """How large an image may be, as a file and as a disk."""
        return self._limit_bytes

    def upload_path(self, image_id: str) -> Path:
        """Return where content gathers that comes in pieces. Its length on disk is how much has arrived."""
        return self._directory / f"{image_id}.upload"

    async def run(self, action: Callable[[], Any]) -> Any:
        """Run something that blocks in the library's threads."""
        return await self._run(action)

    async def remove(self, image_id: str, sha256: str | None = None) -> None:
        """Delete an image's content if there is any: all of it, or that with one hash."""

        def remove() -> None:
            if sha256 is None:
                self.upload_path(image_id).unlink(missing_ok=True)
            for file in self._directory.glob(f"{image_id}-{sha256[:32] if sha256 else '*'}.*"):
                file.unlink(missing_ok=True)

        await self._run(remove)

    async def sweep_unfinished(self) -> None:
        """Delete what interrupted uploads of an earlier process left behind."""

        def sweep() -> None:
            for file in self._directory.glob("*.part"):
                file.unlink(missing_ok=True)

        await self._run(sweep)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, action: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._pool, action)


class _Intake:
    """One file on its way in. Its methods block."""

    def __init__(self, directory: Path, image_id: str, kind: ImageKind, limit_bytes: int) -> None:
        self._kind = kind
        directory.mkdir(parents=True, exist_ok=True)
        self._limit_bytes = limit_bytes
        self._part = directory / f"{image_id}.{secrets.token_hex(8)}.part"
        self._file: BinaryIO = self._part.open("xb")
        self._hash = hashlib.sha256()
        self._beginning = b""
        self._size_bytes = 0

    def write(self, chunk: bytes) -> None:
        self._size_bytes += len(chunk)
        if self._size_bytes > self._limit_bytes:
            raise TooLarge(
                f"The image is larger than {self._limit_bytes} bytes.",
                remedy="Compress or shrink it, or ask the operator to raise library.image_limit_gib.",
                target="content",
            )
        if len(self._beginning) < BEGINNING_BYTES:
            self._beginning += chunk[: BEGINNING_BYTES - len(self._beginning)]
        self._hash.update(chunk)
        self._file.write(chunk)

    def finish(self, place: Callable[[str], Path]) -> StoredImage:
        header = check_beginning(self._kind, self._beginning, self._size_bytes, self._limit_bytes)
        self._file.flush()
        os.fsync(self._file.fileno())
        sha256 = self._hash.hexdigest()
        self._part.replace(place(sha256))
        return StoredImage(sha256, self._size_bytes, header.virtual_size_bytes)

    def discard(self) -> None:
        self._file.close()
        self._part.unlink(missing_ok=True)


def check_beginning(kind: ImageKind, first_bytes: bytes, size_bytes: int, limit_bytes: int) -> ImageHeader:
    """Check the beginning of content as its kind demands.

    Raises:
        ImageRefused: it is not what it should be.
    """
    if kind is ImageKind.ISO:
        return read_iso_header(first_bytes, size_bytes)
    return read_header(first_bytes, size_bytes, limit_bytes)


__all__ = ["ImageRefused", "Library", "StoredImage"]
