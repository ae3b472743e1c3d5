"""Builds the portals into the wheel, which carries their files."""

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PortalBuildHook(BuildHookInterface[Any]):
    """Called by hatchling before it packs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what a wheel carries. An editable installation takes the files from where `scripts/portal` puts them."""
        portal = Path(self.root) / "portal/build.py"
        if version == "editable" or self.target_name != "wheel" or not portal.exists():
            return
        runpy.run_path(str(portal))["build"]()
        build_data["artifacts"].append("src/zaffre/edge/portal/assets/**")
