"""What is missing on a machine is said in sentences that help."""

import pytest

from zaffre.devfabric import preflight
from zaffre.devfabric.preflight import DEBIAN_PACKAGES, Preflight, check_fabric, missing_programs


def test_nothing_missing_needs_no_words():
    ready = Preflight((), ())
    assert ready.possible
    assert ready.sentence == ""


def test_what_is_missing_is_one_line_with_the_command_that_helps():
    lacking = Preflight(("libvirtd is not installed.", "A developer fabric needs root."), ("libvirt-daemon",))
    assert not lacking.possible
    assert lacking.sentence == (
        "libvirtd is not installed. A developer fabric needs root. Try: apt-get install libvirt-daemon"
    )


def test_what_no_package_can_cure_suggests_none():
    assert Preflight(("A developer fabric needs root.",), ()).sentence == "A developer fabric needs root."


def test_programs_that_are_there_are_not_mentioned():
    assert missing_programs({"sh": "dash"}) == ([], set())


def test_missing_programs_are_listed_with_their_packages():
    sentences, packages = missing_programs({"no-such-a": "a", "no-such-b": "b", "no-such-c": "c", "sh": "dash"})
    assert sentences == ["no-such-a, no-such-b and no-such-c are not installed."]
    assert packages == {"a", "b", "c"}


def test_a_single_missing_program_is_spoken_of_in_the_singular():
    assert missing_programs({"no-such": "a"})[0] == ["no-such is not installed."]


def test_an_ordinary_user_is_told_that_root_is_needed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(preflight.os, "geteuid", lambda: 1000)
    assert "A developer fabric needs root." in check_fabric().problems


def test_another_architecture_is_told_that_guests_cannot_run(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(preflight.platform, "machine", lambda: "aarch64")
    assert "This machine is aarch64; the fabric's guests and images are for x86-64." in check_fabric().problems


def test_the_packages_to_install_are_unique_and_sorted():
    assert list(DEBIAN_PACKAGES) == sorted(set(DEBIAN_PACKAGES))
