"""The documentation of permissions is what the code says."""

from zaffre.identity.permission_table import FILE, permission_table


def test_the_table_in_the_guide_is_current() -> None:
    assert FILE.read_text(encoding="utf-8") == permission_table(), "run python -m zaffre.identity.permission_table"
