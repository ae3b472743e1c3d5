"""Names and paths of a fabric follow from its directory alone."""

from pathlib import Path

import pytest

from zaffre.devfabric.errors import DirectoryUnfit
from zaffre.devfabric.plan import plan_fabric


def test_two_directories_share_no_name(tmp_path):
    first = plan_fabric(Path("/srv/a"), 2)
    second = plan_fabric(Path("/srv/b"), 2)
    assert first.namespace_prefix != second.namespace_prefix
    assert {host.uuid for host in first.hosts}.isdisjoint(host.uuid for host in second.hosts)


def test_the_same_directory_gives_the_same_names_whatever_it_is_called():
    assert plan_fabric(Path("/srv/x/../a"), 2) == plan_fabric(Path("/srv/a"), 2)


def test_hosts_differ_in_everything_that_migration_compares():
    first, second = plan_fabric(Path("/srv/a"), 2).hosts
    assert first.uuid != second.uuid
    assert first.name != second.name
    assert first.provider_address != second.provider_address
    assert first.namespace != second.namespace


def test_interface_names_fit_the_kernels_limit():
    assert all(len(host.uplink) <= 15 for host in plan_fabric(Path("/srv/a"), 32).hosts)


def test_a_path_too_long_for_unix_sockets_is_refused_with_the_numbers():
    fitting = Path("/srv/" + "x" * 74)
    plan_fabric(fitting, 1)
    with pytest.raises(DirectoryUnfit, match="109 bytes, and 107 is the limit"):
        plan_fabric(Path(f"{fitting}yz"), 1)


@pytest.mark.parametrize(
    "hidden", ["/run/zaffre", "/var/cache/zaffre", "/var/log/z", "/var/lib/libvirt/z", "/dev/shm/z"]
)
def test_a_directory_that_hosts_would_not_see_is_refused(hidden):
    with pytest.raises(DirectoryUnfit, match="would not see"):
        plan_fabric(Path(hidden), 1)


@pytest.mark.parametrize("count", [0, 33])
def test_a_fabric_has_a_bounded_number_of_hosts(count):
    with pytest.raises(ValueError, match="1 to 32 hosts"):
        plan_fabric(Path("/srv/a"), count)


@pytest.mark.parametrize("name", ["notes.txt", "images", "h", "h1x", "home", "c2"])
def test_entries_of_the_directory_that_are_not_the_fabrics_own_are_known(name):
    assert not plan_fabric(Path("/srv/a"), 1).owns(name)


@pytest.mark.parametrize("name", ["c", "h1", "h12", "fabric.json", "lock"])
def test_entries_of_the_directory_that_are_its_own_are_known(name):
    assert plan_fabric(Path("/srv/a"), 1).owns(name)
