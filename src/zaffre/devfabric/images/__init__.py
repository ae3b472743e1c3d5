"""Guest images for the developer fabric, built from Debian packages without loop devices or installing anything here.

`IMAGES` says what there is; `build` returns the file of one, building it if it is not in the cache yet.
"""

from zaffre.devfabric.images.cache import build, cached, check_image
from zaffre.devfabric.images.image import Image
from zaffre.devfabric.images.registry import IMAGES

__all__ = ["IMAGES", "Image", "build", "cached", "check_image"]
