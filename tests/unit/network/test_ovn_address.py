"""Reading the addresses of OVN's databases."""

import pytest

from zaffre.network.drivers.ovn_address import OvnAddress, OvnAddressInvalid


@pytest.mark.parametrize(
    ("text", "northbound", "southbound"),
    [
        ("unix:/run/ovn/nb.sock", "unix:/run/ovn/nb.sock", None),
        ("tcp:10.0.0.1:6641,tcp:10.0.0.2:6641", "tcp:10.0.0.1:6641,tcp:10.0.0.2:6641", None),
        ("nb=tcp:ovn:6641;sb=tcp:ovn:6642", "tcp:ovn:6641", "tcp:ovn:6642"),
        ("sb=ssl:[fd00::1]:6642; nb=ssl:[fd00::1]:6641", "ssl:[fd00::1]:6641", "ssl:[fd00::1]:6642"),
    ],
)
def test_an_address_names_the_databases(text: str, northbound: str, southbound: str | None):
    assert OvnAddress.parse(text) == OvnAddress(northbound, southbound)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sb=tcp:ovn:6642",
        "nb=",
        "unix:relative.sock",
        "tcp:ovn",
        "http:ovn:80",
        "nb=tcp:a:1;nb=tcp:b:2",
        "xx=tcp:a:1",
    ],
)
def test_an_address_that_makes_no_sense_is_refused_with_an_example(text: str):
    with pytest.raises(OvnAddressInvalid) as caught:
        OvnAddress.parse(text)
    assert "nb=tcp:ovn:6641" in caught.value.remedy
