"""Moving a volume's content over the connection, a few MiB at a time.

A transfer is a series of steps, each one blocking call, so that an image on its way to a host neither fills this
machine's memory nor keeps the host's threads from other calls, and so that a deadline means "no progress".
"""

import contextlib
import errno
import io
from pathlib import Path
from typing import BinaryIO

import libvirt

from zaffre.fabric.drivers.hypervisor import StorageFull, VolumeMissing
from zaffre.fabric.drivers.libvirt_errors import is_disk_full
from zaffre.fabric.drivers.libvirt_session import HostSession
from zaffre.fabric.drivers.libvirt_volumes import (
    create_empty,
    delete_volume,
    find_volume,
    refresh_pool,
)
from zaffre.fabric.drivers.volume_names import UNFINISHED_SUFFIX

STEP_BYTES = 4 * 1024 * 1024

_PACKET_BYTES = 262_120
"""Most that one packet of libvirt's streams carries for every version of it (`VIR_NET_MESSAGE_LEGACY_PAYLOAD_MAX`)."""

_ROOM_CHECK_BYTES = 64 * 1024 * 1024
"""Uploads from this size on are checked against the free space first, which costs a refresh of the pool. A smaller one
finds out on the way."""


class VolumeUpload:
    """Replaces a volume's content with a source. Its steps belong to the session of the first."""

    def __init__(self, name: str, source: Path | bytes) -> None:
        self._name = name
        self._source = source
        self._content: BinaryIO | None = None
        self._stream: libvirt.virStream | None = None

    def step(self, session: HostSession) -> bool:
        """Send the next part; True while there is more to send.

        Raises:
            StorageFull: the source does not fit.
            OSError: the source cannot be read.
        """
        if self._content is None:
            self._content = _open_source(self._source)
        size_bytes = _length(self._content)
        try:
            return self._send_next(session, self._content, size_bytes)
        except libvirt.libvirtError as error:
            if not is_disk_full(error):
                raise
        raise StorageFull(session.address.name, size_bytes, session.free_bytes())

    def abort(self, _session: HostSession) -> None:
        """Give up: the volume stays unfinished, and the next upload of that name starts over."""
        if self._stream is not None:
            _abort(self._stream)

    def discard(self, session: HostSession) -> None:
        """Give up and remove what was sent, to free its room. A volume that was not touched yet stays."""
        if self._stream is not None:
            _abort(self._stream)
            delete_volume(session, self._name)

    def close(self) -> None:
        """Close the source, which does not block."""
        if self._content is not None:
            self._content.close()

    def _send_next(self, session: HostSession, content: BinaryIO, size_bytes: int) -> bool:
        if self._stream is None:
            self._stream = _open_upload(session, self._name, size_bytes)
        part = content.read(STEP_BYTES)
        _send(self._stream, part)
        if len(part) == STEP_BYTES:
            return True
        _declare_whole(session, self._name, self._stream)
        return False


class VolumeReception:
    """Replaces a volume's content with parts that are handed over. Its steps belong to the session of the first.

    Args:
        name: of the volume.
        length: how many bytes will come.
    """

    def __init__(self, name: str, length: int) -> None:
        self._name = name
        self._length = length
        self._stream: libvirt.virStream | None = None

    def put(self, session: HostSession, part: bytes) -> None:
        """Store the next part.

        Raises:
            StorageFull: the whole does not fit.
        """
        try:
            if self._stream is None:
                self._stream = _open_upload(session, self._name, self._length)
            _send(self._stream, part)
        except libvirt.libvirtError as error:
            if not is_disk_full(error):
                raise
            raise StorageFull(session.address.name, self._length, session.free_bytes()) from None

    def finish(self, session: HostSession) -> None:
        """Declare the volume whole, and let libvirt find out what is in it."""
        if self._stream is not None:
            _declare_whole(session, self._name, self._stream)
            refresh_pool(session)

    def discard(self, session: HostSession) -> None:
        """Give up and remove what was stored."""
        if self._stream is not None:
            _abort(self._stream)
            delete_volume(session, self._name)


class VolumeDownload:
    """Reads a range of a volume. Its steps belong to the session of the first."""

    def __init__(self, name: str, offset: int, length: int) -> None:
        self._name = name
        self._offset = offset
        self._left = length
        self._stream: libvirt.virStream | None = None

    @property
    def ended(self) -> bool:
        """Whether the end of the range or of the volume has been reached."""
        return self._left == 0

    def step(self, session: HostSession) -> bytes:
        """Return the next part.

        Raises:
            VolumeMissing: there is no such volume.
        """
        if self._stream is None:
            self._stream = self._open_stream(session)
        wanted = min(self._left, STEP_BYTES)
        part = _receive(self._stream, wanted)
        self._left -= wanted
        if len(part) < wanted:
            self._left = 0
        if self.ended:
            self._stream.finish()
        return part

    def abort(self, _session: HostSession) -> None:
        """Let go of the stream before the end."""
        if self._stream is not None:
            _abort(self._stream)

    def _open_stream(self, session: HostSession) -> libvirt.virStream:
        volume = find_volume(session, self._name)
        stream = session.connection.newStream()
        try:
            if volume is not None:
                volume.download(stream, self._offset, self._left)
                return stream
        except libvirt.libvirtError as error:
            if error.get_int1() != errno.ENOENT:  # the file was removed without libvirt's knowledge
                raise
        raise VolumeMissing(session.address.name, self._name)


def _open_upload(session: HostSession, name: str, size_bytes: int) -> libvirt.virStream:
    _check_room(session, size_bytes)
    create_empty(session, name + UNFINISHED_SUFFIX)
    volume = _recreate(session, name, size_bytes)
    stream = session.connection.newStream()
    volume.upload(stream, 0, size_bytes)
    return stream


def _declare_whole(session: HostSession, name: str, stream: libvirt.virStream) -> None:
    stream.finish()
    marker = find_volume(session, name + UNFINISHED_SUFFIX)
    if marker is not None:
        marker.delete()


def _open_source(source: Path | bytes) -> BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def _length(content: BinaryIO) -> int:
    position = content.tell()
    length = content.seek(0, io.SEEK_END)
    content.seek(position)
    return length


def _check_room(session: HostSession, needed_bytes: int) -> None:
    if needed_bytes < _ROOM_CHECK_BYTES:
        return
    refresh_pool(session)
    free_bytes = session.pool.info()[3]
    if needed_bytes > free_bytes:
        raise StorageFull(session.address.name, needed_bytes, free_bytes)


def _recreate(session: HostSession, name: str, size_bytes: int) -> libvirt.virStorageVol:
    """Return a new raw volume in place of whatever has the name.

    A new file rather than new content: a guest that has the old one open keeps it as it was.
    """
    if not create_empty(session, name, size_bytes):
        old = find_volume(session, name)
        if old is not None:
            old.delete()
        create_empty(session, name, size_bytes)
    return session.pool.storageVolLookupByName(name)


def _send(stream: libvirt.virStream, part: bytes) -> None:
    view = memoryview(part)
    while view:
        view = view[stream.send(bytes(view[:_PACKET_BYTES])) :]


def _receive(stream: libvirt.virStream, length: int) -> bytes:
    packets: list[bytes] = []
    while length > 0 and (packet := stream.recv(min(length, _PACKET_BYTES))):
        packets.append(packet)
        length -= len(packet)
    return b"".join(packets)


def _abort(stream: libvirt.virStream) -> None:
    with contextlib.suppress(libvirt.libvirtError):  # it may have ended by itself, in success or in failure
        stream.abort()
