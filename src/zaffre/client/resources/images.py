"""Images: what virtual machines are made from."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from zaffre.client.collection import Collection, Listing
from zaffre.client.connection import Call, Connection, parsed
from zaffre.client.models import ImageState, ImageView, ImportBody, NewImageBody
from zaffre.client.problems import Unreachable
from zaffre.client.waiting import Accepted

CHUNK_BYTES = 1 << 20
ANSWER_TIMEOUT_S = 600.0
"""How long the server may take to check an image after its last byte."""

UploadProgress = Callable[[int, int], None]
"""Called with the bytes sent so far and the bytes there are."""


class AvailableImages(Listing[ImageView]):
    """The images that virtual machines of a subscription can be made from."""

    noun = "image"


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
