"""The portals have words for everything that the server does."""

import json
import re
from pathlib import Path

import pytest

from support.cloud import SimulatedCloud
from zaffre.compute.states import Transition

ROOT = Path(__file__).parents[3]
LOCALES = ROOT / "portal" / "src" / "locales"
SOURCE = ROOT / "src" / "zaffre"


@pytest.mark.parametrize("language", ["en", "de"])
async def test_every_kind_of_operation_has_a_name(api: SimulatedCloud, language: str) -> None:
    words = json.loads((LOCALES / language / "frame.json").read_text(encoding="utf-8"))["values"]["kind"]
    assert set(words) == {saga.kind.replace(".", "_") for saga in api.site.sagas}
    assert all(words.values())


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_kind_of_event_has_a_name(language: str) -> None:
    words = json.loads((LOCALES / language / "events.json").read_text(encoding="utf-8"))
    code = "\n".join(file.read_text(encoding="utf-8") for file in SOURCE.rglob("*.py"))
    kinds = re.findall(r'emit\(\s*"([a-z_]+)\.([a-z_]+)"', code)
    assert len(kinds) > 50
    assert {noun for noun, _ in kinds} <= set(words["nouns"])
    assert {verb for _, verb in kinds} <= set(words["verbs"])
    assert set(Transition) <= set(words["verbs"])
