"""The portals' built files, read once."""

import mimetypes
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
"""Content codings that the build writes beside a file, best first, with the ending of each."""
HASHED_PREFIX = "/assets/"
"""Files below this path have their content's hash in their name: they never change."""
_TYPES = {".js": "text/javascript", ".woff2": "font/woff2", ".webmanifest": "application/manifest+json"}


@dataclass(frozen=True)
class BuiltFile:
    """A file of the portal."""

    path: Path
    media_type: str
    unchanging: bool
    """Whether browsers may keep it for ever."""
    encodings: frozenset[str]
    """The content codings in which it also lies on the disk."""

    def encoded(self, encoding: str | None) -> Path:
        """Return the file on the disk that has the content in a coding; None means as it is."""
        ending = dict(ENCODINGS).get(encoding or "", "")
        return self.path.with_name(self.path.name + ending)


class PortalFiles:
    """What `scripts/portal` has built, found by the path of its URL."""

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = directory or Path(str(files("zaffre.edge.portal"))) / "assets"
        self._built_at = self._stamp()
        # What may be served is listed: a request's path is looked up here and never joined to a directory.
        self._files = dict(self._found())

    def find(self, path: str) -> BuiltFile | None:
        """Return the file at a URL's path. Notices when the portals have been built again."""
        if path not in self._files and self._built_at != self._stamp():
            self._built_at = self._stamp()
            self._files = dict(self._found())
        return self._files.get(path)

    def entry(self, name: str) -> str | None:
        """Return the page of a portal, `tenant` or `admin`; None when the portals are not built."""
        page = self.directory / f"{name}.html"
        return page.read_text(encoding="utf-8") if page.is_file() else None

    def _stamp(self) -> int:
        """Return when the portals were built; 0 when they were not."""
        stamp = self.directory / ".stamp"
        return stamp.stat().st_mtime_ns if stamp.is_file() else 0

    def _found(self) -> list[tuple[str, BuiltFile]]:
        endings = tuple(ending for _, ending in ENCODINGS)
        paths = [path for path in sorted(self.directory.rglob("*")) if path.is_file()]
        served = [path for path in paths if not path.name.endswith((*endings, ".html", ".stamp"))]
        return [(f"/{path.relative_to(self.directory).as_posix()}", self._built(path)) for path in served]

    def _built(self, path: Path) -> BuiltFile:
        url_path = f"/{path.relative_to(self.directory).as_posix()}"
        known = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        text = known.startswith("text/") or known.endswith(("json", "svg+xml"))
        return BuiltFile(
            path,
            f"{known}; charset=utf-8" if text else known,
            url_path.startswith(HASHED_PREFIX),
            frozenset(name for name, ending in ENCODINGS if path.with_name(path.name + ending).is_file()),
        )
