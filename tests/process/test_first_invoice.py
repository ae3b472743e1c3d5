"""The guide's walk from nothing to the first invoice, command by command."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from support.cloud import ADMIN_EMAIL, ADMIN_PASSWORD, PASSWORD, qcow2
from support.command_line import Person
from support.killable_server import KillableServer

GUIDE = Path(__file__).resolve().parents[2] / "docs/guide/first-invoice.md"
PUBLIC = "http://127.0.0.1:30006"


def steps(text: str) -> list[tuple[str, list[str]]]:
    """Return the walk: commands with the lines that they must say, and the request by `curl`."""
    found: list[tuple[str, list[str]]] = []
    for language, block in re.findall(r"^```(console|bash)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        if language == "bash":
            found.append((block, []))
            continue
        for line in block.splitlines():
            if line.startswith("$ zaffre "):
                found.append((line.removeprefix("$ zaffre "), []))
            else:
                found[-1][1].append(line)
    return found


def send(request: str, server: KillableServer) -> None:
    """Do what the guide's `curl` does."""
    with server.admin() as client:
        shop = client.subscriptions.find_item("shop").id
    credentials = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
    body = re.search(r"-d '(.*)'\s*$", request, re.DOTALL)
    assert body is not None
    with httpx.Client(base_url=server.admin_url) as http:
        token = http.post("/sessions", json=credentials).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        answer = http.post("/usage-records", content=body.group(1).replace("'$SHOP'", shop), headers=headers)
    assert answer.status_code == 201, answer.text


def test_the_walk_of_the_guide_ends_with_an_invoice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "debian.qcow2").write_bytes(qcow2())
    server = KillableServer(tmp_path / "site", "")
    (tmp_path / "site").mkdir()
    month = (datetime.now(UTC).replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    walk = GUIDE.read_text().replace("LAST_MONTH", month).replace(PUBLIC, server.url)
    server.start()
    try:
        person = Person(tmp_path)
        person.environment["ZAFFRE_ADMIN_URL"] = server.admin_url
        for command, lines in steps(walk):
            if command.startswith("curl"):
                send(command, server)
                continue
            password = ADMIN_PASSWORD if "admin@" in command else PASSWORD
            result = person.does(command, ZAFFRE_PASSWORD=password)
            said = result.out + result.err
            for line in lines:
                assert line in said, f"zaffre {command}\n{said}"
            if command.startswith("statement show"):
                assert re.search(r"\b5\.00\b", said), said
        assert (tmp_path / "first.pdf").read_bytes().startswith(b"%PDF")
        assert "vcpu_hours" in (tmp_path / "october.csv").read_text()
    finally:
        server.kill()
