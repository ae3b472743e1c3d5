"""The developer fabric: real hosts and a real network plane on one Linux machine, and guest images for them.

`DevelopmentFabric(directory, host_count)` brings the fabric up and takes it down. Each host is a network namespace with
its own libvirtd, Open vSwitch and OVN controller; `FabricLayout` says where they are, and nothing that uses a host can
tell it from a machine of its own. `check_fabric` says beforehand whether this machine can do it. Guest images are in
`zaffre.devfabric.images`.

Everything here is synchronous and needs root, except the preflight. It is for development, demonstrations and tests:
hosts share one kernel and trust one another.
"""

from zaffre.devfabric.fabric import DevelopmentFabric
from zaffre.devfabric.layout import FabricLayout, HostLayout
from zaffre.devfabric.preflight import DEBIAN_PACKAGES, Preflight, check_fabric
from zaffre.devfabric.progress import Report, StepReport, StepState

__all__ = [
    "DEBIAN_PACKAGES",
    "DevelopmentFabric",
    "FabricLayout",
    "HostLayout",
    "Preflight",
    "Report",
    "StepReport",
    "StepState",
    "check_fabric",
]
