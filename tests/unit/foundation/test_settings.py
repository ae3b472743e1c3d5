from pathlib import Path

import pytest

from zaffre.foundation.settings import Settings, SettingsError, load_settings


def load(file: Path | None = None, *flags: str, **environment: str) -> Settings:
    return load_settings(file, environment, flags)


def refused(file: Path | None = None, *flags: str, **environment: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(file, *flags, **environment)
    return str(caught.value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "zaffre.toml"


def test_flags_win_over_the_environment_which_wins_over_the_file(file: Path) -> None:
    file.write_text("[api]\nadmin_port = 1001\ntenant_port = 1001\npublic_port = 1001\n[events]\nkeep_days = 7\n")
    settings = load(
        file,
        "api.admin_port=1003",
        ZAFFRE_API__ADMIN_PORT="1002",
        ZAFFRE_API__TENANT_PORT="1002",
        PATH="/bin",
        OTHER_API__PUBLIC_PORT="1",
    )
    assert (settings.api.admin_port, settings.api.tenant_port, settings.api.public_port) == (1003, 1002, 1001)
    assert (settings.events.keep_days, settings.events.streams) == (7, 500)


def test_without_sources_the_defaults_hold() -> None:
    settings = load()
    assert (settings.api.host, settings.api.admin_port) == ("127.0.0.1", 30004)
    assert settings.parts == ("api", "portal", "worker")
    assert settings.database_url.endswith("/var/lib/zaffre/zaffre.sqlite")
    assert settings.secret_key_path == Path("/var/lib/zaffre/secret.key")
    assert settings.library_directory == Path("/var/lib/zaffre/library")


def test_lists_are_written_with_commas() -> None:
    settings = load(None, "parts=api", ZAFFRE_LIBRARY__IMPORT_DIRECTORIES="/a,/b/c")
    assert settings.parts == ("api",)
    assert settings.library.import_directories == (Path("/a"), Path("/b/c"))
    assert load(None, "parts=api,worker").parts == ("api", "worker")


def test_database_urls_get_an_asynchronous_driver() -> None:
    assert load(None, "database.url=postgresql://me@host/name").database_url == "postgresql+psycopg://me@host/name"
    assert load(None, "database.url=sqlite:////tmp/x.sqlite").database_url.startswith("sqlite+")
    assert load(None, "state_directory=/tmp/site").database_url.endswith(":////tmp/site/zaffre.sqlite")


def test_every_fault_is_told_with_its_key_and_its_source(file: Path) -> None:
    file.write_text('[api]\nadmin_port = "many"\n[events]\nkeep_forever = true\n')
    lines = refused(
        file,
        "operations.concurrency_per_stamp=0",
        ZAFFRE_LOGGING__LEVEL="loud",
        ZAFFRE_COLOR="blue",
        ZAFFRE_PARTS="api,dancing",
    ).splitlines()
    by_key = {line.split(" (")[0]: line for line in lines}
    assert set(by_key) == {
        *("api.admin_port", "events.keep_forever", "operations.concurrency_per_stamp", "logging.level"),
        *("color", "parts.1"),
    }
    assert by_key["api.admin_port"].startswith(f"api.admin_port ({file}): Input should be a valid integer")
    assert by_key["events.keep_forever"] == f"events.keep_forever ({file}): is not a setting"
    assert (
        "(--set operations.concurrency_per_stamp): Input should be greater"
        in by_key["operations.concurrency_per_stamp"]
    )
    assert "(ZAFFRE_LOGGING__LEVEL): Input should be 'debug', 'info'" in by_key["logging.level"]
    assert by_key["color"] == "color (ZAFFRE_COLOR): is not a setting"
    assert "(ZAFFRE_PARTS)" in by_key["parts.1"]


def test_a_fault_of_a_section_names_what_was_set_in_it() -> None:
    assert refused(None, ZAFFRE_API__HOST="0.0.0.0").startswith("api (ZAFFRE_API__HOST): listening beyond")
    detail = refused(None, "api.tls_key=/k", ZAFFRE_API__ADMIN_PORT="1")
    assert detail.startswith("api (ZAFFRE_API__ADMIN_PORT, --set api.tls_key): tls_certificate and")


def test_listening_beyond_loopback_needs_encryption_or_somebodys_word() -> None:
    beyond = "api.host=0.0.0.0"
    assert "listening beyond loopback needs" in refused(None, beyond)
    assert "listening beyond loopback needs" in refused(None, "api.host=::")
    assert load(None, beyond, "api.allow_plain_http=true").api.host == "0.0.0.0"
    assert load(None, beyond, "api.tls_certificate=/c", "api.tls_key=/k").api.tls_key == Path("/k")
    for loopback in ("127.0.0.1", "::1", "localhost"):
        assert load(None, f"api.host={loopback}").api.host == loopback


def test_sources_that_cannot_be_read_say_so(file: Path, tmp_path: Path) -> None:
    assert refused(file) == f"{file}: cannot be read: No such file or directory"
    assert refused(tmp_path).startswith(f"{tmp_path}: cannot be read: Is a directory")
    file.write_text("[api\n")
    assert refused(file).startswith(f"{file}: not valid TOML: ")
    file.write_bytes(b"\xff\xfe[api]\n")
    assert refused(file).startswith(f"{file}: not valid TOML: ")
    assert refused(None, "api.admin_port") == "--set api.admin_port: write it as dotted.key=value"
    assert refused(None, "api=8080").startswith("api (--set api): ")
    assert "api.host.name: host is a setting of its own" in refused(None, "api.host=localhost", "api.host.name=x")


def test_a_password_in_the_settings_is_not_shown() -> None:
    settings = load(None, "identity.bootstrap_admin_password=hunter2hunter2")
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(settings.model_dump())
    assert "hunter2" not in refused(None, "identity.bootstrap_admin_password=hunter2", "color=blue")
