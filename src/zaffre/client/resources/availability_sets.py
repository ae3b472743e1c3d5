"""Availability sets of a subscription."""

from collections.abc import Mapping

from zaffre.client.collection import LabelledCollection
from zaffre.client.connection import Connection
from zaffre.client.models import (
    AvailabilityPolicy,
    AvailabilitySetChangeBody,
    AvailabilitySetView,
    NewAvailabilitySetBody,
)


class AvailabilitySets(LabelledCollection[AvailabilitySetView, AvailabilitySetView]):
    """Virtual machines that are kept on different hosts."""

    noun = "availability set"
    change_body = AvailabilitySetChangeBody

    def __init__(self, connection: Connection, path: str) -> None:
        """Use the sets of the subscription at `path`."""
        super().__init__(connection, path, AvailabilitySetView, AvailabilitySetView)

    def create(
        self,
        name: str,
        policy: AvailabilityPolicy = AvailabilityPolicy.PREFERRED,
        tags: Mapping[str, str] | None = None,
    ) -> AvailabilitySetView:
        """Make an availability set; its policy stays."""
        return self._create(NewAvailabilitySetBody(name=name, policy=policy, tags=dict(tags or {})))

    def delete(self, set_id: str, if_match: int | None = None) -> None:
        """Delete an availability set.

        Raises:
            ZaffreError: virtual machines are in it.
        """
        self._delete(set_id, if_match)
