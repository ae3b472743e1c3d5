"""Images: what virtual machines are made from."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from zaffre.client.collection import Collection, LabelledCollection
from zaffre.client.connection import Call, Connection, parsed
from zaffre.client.models import ImageState, ImageView, ImportBody, NewImageBody, NewOwnImageBody, OwnImageChangeBody
from zaffre.client.problems import Unreachable, ZaffreError
from zaffre.client.waiting import Accepted

CHUNK_BYTES = 1 << 20
ANSWER_TIMEOUT_S = 600.0
"""How long the server may take to check an image after its last byte."""

UploadProgress = Callable[[int, int], None]
"""Called with the bytes sent so far and the bytes there are."""


PIECE_BYTES = 8 << 20
"""How much of a resumable upload goes into one request: what is lost at most when it breaks off."""
RESUMPTIONS = 20
"""How often in a row an upload is resumed without having got any further."""


class SubscriptionImages(LabelledCollection[ImageView, ImageView]):
    """The images that a subscription sees: the site's, and its own."""

    noun = "image"
    change_body = OwnImageChangeBody

    def __init__(self, connection: Connection, path: str) -> None:
        """Use the images of a subscription."""
        super().__init__(connection, path, ImageView, ImageView)

    def create(self, body: NewOwnImageBody) -> ImageView:
        """Add an image of one's own. Then upload its content."""
        return self._create(body)

    def upload(self, image_id: str, file: Path, on_progress: UploadProgress | None = None) -> ImageView:
        """Send an image's content, going on where an earlier upload of the same file ended.

        Args:
            image_id: the image.
            file: its content.
            on_progress: told how far it is.

        Raises:
            OSError: the file cannot be read.
            ZaffreError: the file is not what was announced, or not an image that the server takes.
            Unreachable: the connection broke again and again without getting any further.
        """
        path = f"{self._member(image_id)}/content"
        with file.open("rb") as content:
            _ResumableUpload(self._connection, path, content, file.stat().st_size, on_progress).run()
        return self.get(image_id)

    def delete(self, image_id: str, if_match: int | None = None) -> Accepted[ImageView]:
        """Remove an image of one's own that no virtual machine uses."""
        return self._start_deleting(image_id, ImageView, if_match)


class Images(Collection[ImageView, ImageView]):
    """All images of the library, for administrators."""

    noun = "image"

    def __init__(self, connection: Connection) -> None:
        """Use the images of the admin face."""
        super().__init__(connection, "/images", ImageView, ImageView)

    def create(self, body: NewImageBody) -> ImageView:
        """Add an image. Then upload its content, or import it from a file of the server."""
        return self._create(body)

    def upload(self, image_id: str, file: Path, on_progress: UploadProgress | None = None) -> ImageView:
        """Fill an empty image with a qcow2 file.

        If the connection breaks, the server is asked what became of the image before the file is sent again.

        Args:
            image_id: the image.
            file: its content.
            on_progress: told how far it is.

        Raises:
            OSError: the file cannot be read.
            ZaffreError: the file is not an image that the server takes.
            Unreachable: the connection broke more than once.
        """
        upload = _Upload(file, on_progress)
        try:
            return self._send(image_id, upload)
        except Unreachable:
            image = self.get(image_id)
            if image.state is ImageState.AVAILABLE and image.sha256 == upload.sha256:
                return image
            return self._send(image_id, upload)

    def import_file(self, image_id: str, path: str) -> Accepted[ImageView]:
        """Fill an empty image from a file of the server, in a directory that its operator allows."""
        return self._start(image_id, "import", ImageView, body=ImportBody(path=path))

    def delete(self, image_id: str, if_match: int | None = None) -> Accepted[ImageView]:
        """Remove an image that no virtual machine started from."""
        return self._start_deleting(image_id, ImageView, if_match)

    def _send(self, image_id: str, upload: "_Upload") -> ImageView:
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(upload.size_bytes)}
        path = f"{self._member(image_id)}/content"
        call = Call("PUT", path, {}, headers, stream=upload.chunks, read_timeout_s=ANSWER_TIMEOUT_S, persistent=False)
        return parsed(self._connection.send(call), ImageView)


class _ResumableUpload:
    """A file on its way in pieces."""

    def __init__(
        self,
        connection: Connection,
        path: str,
        content: BinaryIO,
        size_bytes: int,
        on_progress: UploadProgress | None,
    ) -> None:
        self._connection = connection
        self._path = path
        self._content = content
        self._size_bytes = size_bytes
        self._on_progress = on_progress

    def run(self) -> None:
        """Send pieces until all is there; ask where to go on whenever one did not arrive."""
        offset, failures = self._offset(), 0
        while True:
            self._report(offset)
            try:
                reached = self._send(offset)
            except Unreachable:
                reached = self._offset()
                failures = 0 if reached > offset else failures + 1
                if failures >= RESUMPTIONS:
                    raise
            except ZaffreError as error:
                if error.code not in ("upload.offset_mismatch", "upload.busy") or failures >= RESUMPTIONS:
                    raise
                self._connection.clock.sleep(min(0.1 * 2**failures, 5.0))
                reached, failures = self._offset(), failures + 1
            else:
                failures = 0
                if reached == self._size_bytes:
                    self._report(reached)
                    return
            offset = reached

    def _offset(self) -> int:
        """Ask how much has arrived."""
        answer = self._connection.patient().send(Call("HEAD", self._path, {}, {"Tus-Resumable": "1.0.0"}))
        return int(answer.headers["Upload-Offset"])

    def _send(self, offset: int) -> int:
        """Send the piece that begins at `offset`; returns how much has arrived then."""
        self._content.seek(offset)
        headers = {
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": str(offset),
            "Upload-Length": str(self._size_bytes),
            "Tus-Resumable": "1.0.0",
        }
        piece = self._content.read(PIECE_BYTES)
        call = Call("PATCH", self._path, {}, headers, piece, read_timeout_s=ANSWER_TIMEOUT_S, persistent=False)
        return int(self._connection.send(call).headers["Upload-Offset"])

    def _report(self, offset: int) -> None:
        if self._on_progress is not None:
            self._on_progress(offset, self._size_bytes)


class _Upload:
    """A file on its way."""

    def __init__(self, file: Path, on_progress: UploadProgress | None) -> None:
        self.size_bytes = file.stat().st_size
        self.sha256 = ""
        self._file = file
        self._on_progress = on_progress

    def chunks(self) -> Iterator[bytes]:
        """Yield the content from its beginning."""
        digest = hashlib.sha256()
        sent_bytes = 0
        with self._file.open("rb") as content:
            while chunk := content.read(CHUNK_BYTES):
                yield chunk
                digest.update(chunk)
                sent_bytes += len(chunk)
                if self._on_progress is not None:
                    self._on_progress(sent_bytes, self.size_bytes)
        self.sha256 = digest.hexdigest()
