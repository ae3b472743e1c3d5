"""Disks of a subscription."""

from collections.abc import Mapping

from zaffre.client.collection import LabelledCollection
from zaffre.client.connection import Connection
from zaffre.client.models import AttachmentBody, DiskChangeBody, DiskView, NewDiskBody
from zaffre.client.waiting import Accepted


class Disks(LabelledCollection[DiskView, DiskView]):
    """Root disks and data disks, attached or not."""

    noun = "disk"
    change_body = DiskChangeBody

    def __init__(self, connection: Connection, path: str) -> None:
        """Use the disks of the subscription at `path`."""
        super().__init__(connection, path, DiskView, DiskView)

    def create(
        self,
        name: str,
        size_gib: int,
        virtual_machine_id: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Accepted[DiskView]:
        """Make a data disk, and attach it when a machine is named.

        Raises:
            ZaffreError: the quota is used up, the name is taken, or the machine cannot get a disk now.
        """
        body = NewDiskBody(name=name, size_gib=size_gib, virtual_machine_id=virtual_machine_id, tags=dict(tags or {}))
        return self._start_creating(body, DiskView)

    def grow(self, disk_id: str, size_gib: int, if_match: int | None = None) -> Accepted[DiskView]:
        """Make a disk larger. A running guest sees the new size at once.

        Raises:
            ZaffreError: it has that size already or is larger, or the quota is used up.
        """
        response = self._connection.ask(
            "PATCH", self._member(disk_id), DiskChangeBody(size_gib=size_gib), if_match=if_match
        )
        return self._accepted(response, DiskView)

    def attach(self, disk_id: str, virtual_machine_id: str, if_match: int | None = None) -> Accepted[DiskView]:
        """Attach a data disk to a machine, running or not."""
        body = AttachmentBody(virtual_machine_id=virtual_machine_id)
        return self._start(disk_id, "attach", DiskView, body=body, if_match=if_match)

    def detach(self, disk_id: str, if_match: int | None = None) -> Accepted[DiskView]:
        """Detach a data disk from its machine. A running guest must have unmounted it."""
        return self._start(disk_id, "detach", DiskView, if_match=if_match)

    def delete(self, disk_id: str, if_match: int | None = None) -> Accepted[DiskView]:
        """Delete a data disk that is not attached, with all that is on it."""
        return self._start_deleting(disk_id, DiskView, if_match)
