"""A directory of built images.

An image's file is called NAME-RECIPE-PACKAGES.qcow2 after digests of the code that built it and of the packages in it.
A file is there completely or not at all, so builds may be interrupted, and may run at the same time.
"""

import fcntl
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from zaffre.devfabric.errors import ImageFailed
from zaffre.devfabric.images.image import Image
from zaffre.devfabric.images.recipe import digest_of_files, digest_of_packages
from zaffre.devfabric.images.registry import IMAGES
from zaffre.devfabric.preflight import Preflight, missing_programs
from zaffre.devfabric.progress import Progress, Report, silent

_SOURCES = Path(__file__).parent


def build(name: str, cache_directory: Path, report: Report = silent, *, refresh: bool = False) -> Path:
    """Return the image's file in the cache, building it when there is none of the present recipe.

    Args:
        name: one of `IMAGES`.
        cache_directory: created when absent.
        report: told about each step.
        refresh: build even if there is one, to take up newer packages.

    Raises:
        ImageFailed: a program is missing, or packages cannot be downloaded.
        CommandFailed: a program failed.
        KeyError: there is no image of that name.
    """
    image = IMAGES[name]
    found = cached(name, cache_directory)
    if found is not None and not refresh:
        return found
    with _sole_builder(image, cache_directory):
        found = cached(name, cache_directory)  # another process may have built it while this one waited
        if found is not None and not refresh:
            return found
        return _build(image, cache_directory, Progress(report))


def cached(name: str, cache_directory: Path) -> Path | None:
    """Return the newest file of the image's present recipe, or None when there is none."""
    files = cache_directory.glob(f"{name}-{_recipe(IMAGES[name])}-*.qcow2")
    return max(files, key=lambda file: file.stat().st_mtime, default=None)


def check_image(name: str) -> Preflight:
    """Find out whether this machine has the programs that building the image needs."""
    problems, packages = missing_programs(IMAGES[name].programs)
    return Preflight(tuple(problems), tuple(sorted(packages)))


def _build(image: Image, cache_directory: Path, progress: Progress) -> Path:
    preflight = check_image(image.name)
    if not preflight.possible:
        raise ImageFailed(
            f"The image {image.name} cannot be built: {' '.join(preflight.problems)}",
            remedy=f"Install them: apt-get install {' '.join(preflight.packages)}",
            target=image.name,
        )
    with tempfile.TemporaryDirectory(prefix=_prefix(image), dir=cache_directory) as work:
        with progress.step(f"Build the image {image.name}"):
            assembled = image.assemble(Path(work), progress)
        name = f"{image.name}-{_recipe(image)}-{digest_of_packages(assembled.packages)}"
        (cache_directory / f"{name}.packages").write_text("\n".join(assembled.packages) + "\n")
        return assembled.path.replace(cache_directory / f"{name}.qcow2")


@contextmanager
def _sole_builder(image: Image, cache_directory: Path) -> Generator[None]:
    """Wait for other builders of the image, then clear away what interrupted ones left."""
    cache_directory.mkdir(parents=True, exist_ok=True)
    with (cache_directory / f".{image.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for unfinished in cache_directory.glob(f"{_prefix(image)}*"):
            shutil.rmtree(unfinished)
        yield


def _prefix(image: Image) -> str:
    return f".{image.name}-"


def _recipe(image: Image) -> str:
    return digest_of_files(_SOURCES, image.sources)
