"""Network: tenants' isolated networks over a stamp's network plane.

A VM network is a routing domain of its own: two tenants may use the same addresses and never meet. It has subnets, each
with a virtual subnet id (VSID) that its frames carry between hosts; guests attach to subnets through ports, whose MAC
and address come from our pools and which the plane enforces. The plane is told what to do and is compared with our
records again and again; it decides nothing.

Public face for the floors above: `Ports`, `PortRequest`, `PortPlane`, `NetworkPlanes`.
"""

from zaffre.network.planes import NetworkPlanes
from zaffre.network.port_plane import PortPlane
from zaffre.network.ports import PortRequest, Ports

__all__ = ["NetworkPlanes", "PortPlane", "PortRequest", "Ports"]
