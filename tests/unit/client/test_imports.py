"""The client is light: it loads nothing of the server."""

import json
import subprocess
import sys

from support.server_process import clean_environment

SERVER_PACKAGES = {"alembic", "dbos", "fastapi", "prometheus_client", "sqlalchemy", "starlette", "structlog", "uvicorn"}


def loaded_by(code: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after running some code."""
    program = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, check=True, text=True, env=clean_environment())
    return set(json.loads(ended.stderr.splitlines()[-1]))


def test_the_client_loads_no_other_room_of_zaffre() -> None:
    ours = {name for name in loaded_by("import zaffre.client") if name.split(".")[0] == "zaffre"}
    assert {name for name in ours if name != "zaffre" and not name.startswith("zaffre.client")} == set()


def test_the_client_loads_nothing_heavy() -> None:
    loaded = {name.split(".")[0] for name in loaded_by("import zaffre.client")}
    assert loaded & (SERVER_PACKAGES | {"typer", "datamodel_code_generator", "yaml"}) == set()
