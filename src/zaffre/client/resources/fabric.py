"""The provider's fabric: stamps, hosts, clouds, logical networks."""

from datetime import datetime

from zaffre.client.collection import Collection, Listing
from zaffre.client.connection import Connection, parsed
from zaffre.client.models import (
    CloudView,
    HostChangeBody,
    HostView,
    LogicalNetworkView,
    MetricsView,
    NewCloudBody,
    NewHostBody,
    NewLogicalNetworkBody,
    NewStampBody,
    PreflightView,
    StampView,
    UnmanagedGuestView,
)
from zaffre.client.waiting import Accepted

PREFLIGHT_TIMEOUT_S = 120.0
"""The deadlines of everything that is looked at, together; a host that answers takes seconds."""


class Stamps(Collection[StampView, StampView]):
    """Management scale units."""

    noun = "stamp"

    def __init__(self, connection: Connection) -> None:
        """Use the stamps of the admin face."""
        super().__init__(connection, "/stamps", StampView, StampView)

    def create(self, body: NewStampBody) -> StampView:
        """Add a stamp."""
        return self._create(body)

    def delete(self, stamp_id: str, if_match: int | None = None) -> None:
        """Remove an empty stamp."""
        self._delete(stamp_id, if_match)


class Hosts(Collection[HostView, HostView]):
    """Hypervisor hosts."""

    noun = "host"

    def __init__(self, connection: Connection) -> None:
        """Use the hosts of the admin face."""
        super().__init__(connection, "/hosts", HostView, HostView)

    def add(self, body: NewHostBody) -> Accepted[HostView]:
        """Add a host: connect to it, find out what it is, and let guests be placed on it."""
        return self._start_creating(body, HostView)

    def preflight(self, body: NewHostBody) -> PreflightView:
        """Look at a machine that is to become a host, and say what would be in the way. Nothing is changed."""
        path = f"{self._path}/preflight"
        response = self._connection.ask("POST", path, body, read_timeout_s=PREFLIGHT_TIMEOUT_S)
        return parsed(response, PreflightView)

    def metrics(
        self, host_id: str, begin: datetime | None = None, end: datetime | None = None, step_s: int | None = None
    ) -> MetricsView:
        """Read what a host used in the last day.

        Args:
            host_id: which one.
            begin: where to begin; an hour before the end when left out.
            end: where to end; now when left out.
            step_s: seconds between points; as fits a chart when left out.
        """
        parameters = {
            "from": None if begin is None else begin.isoformat(),
            "to": None if end is None else end.isoformat(),
            "step_s": step_s,
        }
        return self._connection.get(f"{self._member(host_id)}/metrics", MetricsView, parameters)

    def enable(self, host_id: str, if_match: int | None = None) -> HostView:
        """Let guests be placed on a host."""
        return self._change(host_id, HostChangeBody(enabled=True), HostView, if_match)

    def disable(self, host_id: str, if_match: int | None = None) -> HostView:
        """Place no more guests on a host; those on it run on."""
        return self._change(host_id, HostChangeBody(enabled=False), HostView, if_match)

    def remove(self, host_id: str, if_match: int | None = None) -> Accepted[HostView]:
        """Remove a host without guests."""
        return self._start_deleting(host_id, HostView, if_match)


class Clouds(Collection[CloudView, CloudView]):
    """Slices of stamps that plans offer."""

    noun = "cloud"

    def __init__(self, connection: Connection) -> None:
        """Use the clouds of the admin face."""
        super().__init__(connection, "/clouds", CloudView, CloudView)

    def create(self, body: NewCloudBody) -> CloudView:
        """Add a cloud over a stamp."""
        return self._create(body)

    def delete(self, cloud_id: str, if_match: int | None = None) -> None:
        """Remove a cloud. Virtual machines made through it run on."""
        self._delete(cloud_id, if_match)


class LogicalNetworks(Collection[LogicalNetworkView, LogicalNetworkView]):
    """Network planes of stamps with their pools."""

    noun = "logical network"

    def __init__(self, connection: Connection) -> None:
        """Use the logical networks of the admin face."""
        super().__init__(connection, "/logical-networks", LogicalNetworkView, LogicalNetworkView)

    def create(self, body: NewLogicalNetworkBody) -> LogicalNetworkView:
        """Give a stamp its logical network."""
        return self._create(body)

    def delete(self, network_id: str, if_match: int | None = None) -> None:
        """Remove a logical network without VM networks."""
        self._delete(network_id, if_match)


class UnmanagedGuests(Listing[UnmanagedGuestView]):
    """Guests on hosts that belong to no virtual machine Zaffre knows."""

    noun = "unmanaged guest"
    name_field = None

    def __init__(self, connection: Connection) -> None:
        """Use the unmanaged guests of the admin face."""
        super().__init__(connection, "/unmanaged-guests", UnmanagedGuestView)
