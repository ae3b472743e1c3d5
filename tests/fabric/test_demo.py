"""The main job as one command, on real hosts."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.quiet, pytest.mark.timeout(300)]


def namespaces() -> set[str]:
    listed = subprocess.run(["ip", "netns", "list"], check=True, capture_output=True, text=True).stdout
    return {line.split()[0] for line in listed.splitlines()}


def processes_that_mention(directory: Path) -> list[str]:
    found: list[str] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(directory) in command:
                found.append(command)
    return found


def test_a_tenants_whole_journey_and_nothing_left_of_it(fabric_possible, tiny_image, image_cache):
    before = namespaces()
    mounts = Path("/proc/self/mounts").read_text()
    with tempfile.TemporaryDirectory(prefix="zd", dir="/tmp") as parent:
        state, report_file = Path(parent) / "s", Path(parent) / "report.json"
        state.mkdir()
        (state / "images").symlink_to(image_cache)  # so that the image is not built again
        command = ["scripts/up", "--demo", "--fabric", "kvm", "--json", str(report_file)]
        command += ["--state", str(state), "--port", "29806"]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
        assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-4000:]
        report = json.loads(report_file.read_text())
        assert set(report) == {"fabric", "hosts", "accelerator", "seconds_total", "seconds_to_first_vm", "checks"}
        assert (report["fabric"], report["hosts"]) == ("kvm", 2)
        assert report["accelerator"] in ("kvm", "tcg")
        assert 0 < report["seconds_to_first_vm"] < report["seconds_total"]
        assert len(report["checks"]) >= 10
        assert all(check["ok"] and check["detail"] for check in report["checks"]), report["checks"]
        assert [path.name for path in state.iterdir()] == ["images"]
        assert processes_that_mention(state) == []
    assert namespaces() == before
    assert Path("/proc/self/mounts").read_text() == mounts
