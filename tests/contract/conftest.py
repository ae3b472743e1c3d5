"""The suites themselves assert, so pytest must explain their assertions too."""

import pytest

SUITES = ("hypervisor_contract", "disk_contract", "port_contract", "network_plane_contract", "console_contract", "rfb")

pytest.register_assert_rewrite(*(f"support.{suite}" for suite in SUITES))
