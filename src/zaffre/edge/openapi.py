"""Writes the OpenAPI descriptions of the faces: `python -m zaffre.edge.openapi [DIRECTORY]`."""

import json
import sys
from pathlib import Path

from zaffre.edge.faces import Face, build_face
from zaffre.management.providers import ProviderRegistry


def openapi_text(face: Face) -> str:
    """Return a face's description as it is checked in."""
    description = build_face(face, ProviderRegistry.installed()).openapi()
    return json.dumps(description, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    """Write all descriptions into a directory, `docs/api` unless another is named."""
    directory = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/api")
    directory.mkdir(parents=True, exist_ok=True)
    for face in Face:
        (directory / f"{face}.json").write_text(openapi_text(face))


if __name__ == "__main__":
    main()
