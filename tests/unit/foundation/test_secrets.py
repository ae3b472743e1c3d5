from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from zaffre.foundation.secrets import Keyring, KeyUnusable, SealedSecret

SECRET = SecretStr("hunter2 🙂")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "secret.key"


def test_a_key_is_made_once_and_only_its_owner_can_read_it(path: Path) -> None:
    sealed = Keyring.at(path).seal(SECRET)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Keyring.at(path).open(sealed) == SECRET


def test_sealed_secrets_show_nothing_and_differ_each_time() -> None:
    keyring = Keyring([Fernet.generate_key()])
    first, second = keyring.seal(SECRET), keyring.seal(SECRET)
    assert first != second
    assert b"hunter2" not in first
    assert "hunter2" not in repr(keyring.open(first))
    assert "hunter2" not in f"{keyring.open(first)}"


def test_after_a_rotation_old_secrets_open_and_new_ones_need_the_new_key(path: Path) -> None:
    old_ring = Keyring.at(path)
    old = old_ring.seal(SECRET)
    path.write_bytes(Fernet.generate_key() + b"\n" + path.read_bytes())
    rotated = Keyring.at(path)
    assert rotated.open(old) == SECRET
    new = rotated.seal(SECRET)
    with pytest.raises(KeyUnusable, match="sealed with another key"):
        old_ring.open(new)
    path.write_bytes(path.read_bytes().split()[0])
    retired = Keyring.at(path)
    assert retired.open(new) == SECRET
    with pytest.raises(KeyUnusable, match="sealed with another key"):
        retired.open(old)


def test_derived_keys_differ_by_purpose_and_follow_the_ring() -> None:
    keys = [Fernet.generate_key(), Fernet.generate_key()]
    ring = Keyring(keys)
    assert ring.derive("tokens") == ring.derive("tokens")
    assert len({*ring.derive("tokens"), *ring.derive("links")}) == 4
    assert ring.derive("tokens")[1:] == Keyring(keys[1:]).derive("tokens")
    assert all(len(key) == 32 for key in ring.derive("tokens"))


def test_a_key_file_that_others_can_read_is_refused_with_the_way_out(path: Path) -> None:
    Keyring.at(path)
    for mode in (0o640, 0o604, 0o660, 0o644):
        path.chmod(mode)
        with pytest.raises(KeyUnusable, match="chmod 600"):
            Keyring.at(path)


@pytest.mark.parametrize("content", [b"", b"\n \n", b"short", b"!" * 44, b"A" * 43 + b"=\nshort"])
def test_a_key_file_without_good_keys_is_refused(path: Path, content: bytes) -> None:
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(KeyUnusable):
        Keyring.at(path)


def test_a_spoilt_secret_is_refused_and_not_shown() -> None:
    keyring = Keyring([Fernet.generate_key()])
    sealed = bytearray(keyring.seal(SECRET))
    sealed[-3] ^= 1
    for spoilt in (bytes(sealed), b"", b"hunter2"):
        with pytest.raises(KeyUnusable) as refused:
            keyring.open(SealedSecret(spoilt))
        assert "hunter2" not in str(refused.value)
