"""Which images there are."""

from collections.abc import Mapping

from zaffre.devfabric.images.debian import DEBIAN_12
from zaffre.devfabric.images.image import Image
from zaffre.devfabric.images.tiny import TINY

IMAGES: Mapping[str, Image] = {image.name: image for image in (TINY, DEBIAN_12)}
"""Every image, by name."""
