"""The portals have words for everything that the server does."""

import json
from pathlib import Path

import pytest

from support.cloud import SimulatedCloud

LOCALES = Path(__file__).parents[3] / "portal" / "src" / "locales"


@pytest.mark.parametrize("language", ["en", "de"])
async def test_every_kind_of_operation_has_a_name(api: SimulatedCloud, language: str) -> None:
    words = json.loads((LOCALES / language / "frame.json").read_text(encoding="utf-8"))["values"]["kind"]
    assert set(words) == {saga.kind.replace(".", "_") for saga in api.site.sagas}
    assert all(words.values())
