"""A layout can be written down by one process and read by another."""

import json
from pathlib import Path

import pytest

from zaffre.devfabric.layout import FabricLayout
from zaffre.devfabric.plan import plan_fabric
from zaffre.devfabric.state import read_layout, write_layout


@pytest.fixture
def layout() -> FabricLayout:
    return plan_fabric(Path("/srv/a"), 2).layout()


def test_a_layout_says_where_hosts_and_plane_are(layout):
    host = layout.hosts[0]
    assert host.name == "host-1"
    assert host.uri == "qemu+unix:///system?socket=/srv/a/h1/run/libvirt/libvirt-sock"
    assert host.pool_path == "/srv/a/h1/pool"
    assert host.provider_address == "172.31.0.1"
    assert host.integration_bridge == "br-int"
    assert layout.northbound == "unix:/srv/a/c/nb.sock"
    assert layout.southbound == "unix:/srv/a/c/sb.sock"
    assert layout.underlay_mtu == 1500


def test_a_layout_survives_being_written_and_read(layout, tmp_path):
    write_layout(tmp_path / "fabric.json", layout)
    assert read_layout(tmp_path / "fabric.json") == layout


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"format": 2, "layout": {}}', '{"format": 1, "layout": {"hosts": 1}}']
)
def test_a_record_that_cannot_be_understood_counts_as_none(content, tmp_path):
    path = tmp_path / "fabric.json"
    path.write_text(content)
    assert read_layout(path) is None


def test_no_record_counts_as_none(tmp_path):
    assert read_layout(tmp_path / "fabric.json") is None


def test_a_record_of_a_later_format_is_not_half_understood(layout, tmp_path):
    path = tmp_path / "fabric.json"
    write_layout(path, layout)
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "format": record["format"] + 1}))
    assert read_layout(path) is None
