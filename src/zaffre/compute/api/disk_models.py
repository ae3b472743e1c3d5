"""Wire models of disks and drives."""

from typing import Annotated

from pydantic import Field

from zaffre.compute.disk_records import DiskKind, DiskState, serial_of
from zaffre.compute.disks import LARGEST_GIB
from zaffre.compute.tables import DiskRow
from zaffre.foundation.http.wire import Body, Id, Name, ResourceView
from zaffre.foundation.tags import NewTags, TagChanges

SizeGib = Annotated[int, Field(ge=1, le=LARGEST_GIB)]


class NewDiskBody(Body):
    """A data disk to make."""

    name: Name
    size_gib: SizeGib
    virtual_machine_id: Id | None = None
    """Where to attach it at once."""
    tags: NewTags = Field(default_factory=dict[str, str])


class DiskChangeBody(Body):
    """What is to change about a disk. What is left out stays as it is."""

    name: Name | None = None
    size_gib: SizeGib | None = None
    """Larger than now; a disk cannot shrink."""
    tags: TagChanges = Field(default_factory=dict[str, str | None])
    """Merged into the tags it has; null removes one."""


class AttachmentBody(Body):
    """Where to attach a disk."""

    virtual_machine_id: Id


class InsertionBody(Body):
    """What to put into a drive."""

    image_id: Id
    """An image of kind `iso`."""


class DiskView(ResourceView):
    """A disk."""

    subscription_id: str
    name: str
    kind: DiskKind
    size_gib: int
    virtual_machine_id: str | None
    position: int | None
    """Where it is plugged in: 0 is the root disk."""
    state: DiskState
    serial: str
    """By which its guest finds it: Linux shows it as `/dev/disk/by-id/virtio-SERIAL`."""
    operation_id: str | None
    """The operation that works on it now."""
    tags: dict[str, str]

    @classmethod
    def of(cls, row: DiskRow) -> "DiskView":
        """Shape a row."""
        return cls(
            id=row.id,
            generation=row.generation,
            created_at=row.created_at,
            subscription_id=row.subscription_id,
            name=row.name,
            kind=DiskKind(row.kind),
            size_gib=row.size_gib,
            virtual_machine_id=row.virtual_machine_id,
            position=row.position,
            state=DiskState(row.state),
            serial=serial_of(row.id),
            operation_id=row.operation_id,
            tags=row.tags or {},
        )
