"""Checkpoints of virtual machines."""

from zaffre.client.collection import Collection
from zaffre.client.connection import Connection
from zaffre.client.models import ChangeCheckpointBody, CheckpointView, NewCheckpointBody
from zaffre.client.waiting import Accepted


class Checkpoints(Collection[CheckpointView, CheckpointView]):
    """The checkpoints of a virtual machine: a tree, by their `parent_id`."""

    noun = "checkpoint"

    def __init__(self, connection: Connection, path: str) -> None:
        """Use the checkpoints of the machine at `path`."""
        super().__init__(connection, path, CheckpointView, CheckpointView)

    def create(self, name: str, description: str = "") -> Accepted[CheckpointView]:
        """Take a checkpoint: of the disks, and of a machine that is on also of its memory.

        Raises:
            ZaffreError: the name is taken, the quota is used up, or the machine is busy.
        """
        return self._start_creating(NewCheckpointBody(name=name, description=description), CheckpointView)

    def change(
        self,
        checkpoint_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        if_match: int | None = None,
    ) -> CheckpointView:
        """Rename a checkpoint, or describe it anew; what is left out stays."""
        body = ChangeCheckpointBody(name=name, description=description)
        return self._change(checkpoint_id, body, CheckpointView, if_match)

    def restore(self, checkpoint_id: str, if_match: int | None = None) -> Accepted[CheckpointView]:
        """Bring the machine back to a checkpoint. What it has written since is lost, unless a checkpoint keeps it."""
        return self._start(checkpoint_id, "restore", CheckpointView, if_match=if_match)

    def delete(self, checkpoint_id: str, if_match: int | None = None) -> Accepted[CheckpointView]:
        """Delete a checkpoint. What descends from it stays."""
        return self._start_deleting(checkpoint_id, CheckpointView, if_match)
