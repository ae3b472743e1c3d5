"""The suites themselves assert, so pytest must explain their assertions too."""

import pytest

pytest.register_assert_rewrite("support.hypervisor_contract", "support.disk_contract", "support.network_plane_contract")
