"""Fabric: stamps, hosts, clouds, the image library, and which host gets a guest.

A stamp is a set of hosts with one network plane. A cloud is the slice of a stamp that plans offer. The library keeps
images, which are copied to a host when it first needs one. Placement chooses a host and reserves room on it by a
conditional statement, so racing placements never overbook. `Hypervisors` keeps one open door to every host and passes
on what the hosts report.

Public face for the floors above: `Hypervisors`, `Placement`, `Demand`, `Separation`, `StorageRoom`, `Images`,
`ImageCopies`, `Clouds`, `Cleanups`, `HostDown`.
"""

from zaffre.fabric.cleanups import Cleanups
from zaffre.fabric.clouds import Clouds
from zaffre.fabric.hypervisors import HostDown, Hypervisors
from zaffre.fabric.image_copies import ImageCopies
from zaffre.fabric.images import Images
from zaffre.fabric.placement import Demand, NoCapacity, Placement, Separation
from zaffre.fabric.storage_room import StorageRoom

__all__ = [
    "Cleanups",
    "Clouds",
    "Demand",
    "HostDown",
    "Hypervisors",
    "ImageCopies",
    "Images",
    "NoCapacity",
    "Placement",
    "Separation",
    "StorageRoom",
]
