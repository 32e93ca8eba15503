"""Key files: made once, private, refused when others may read them."""

from pathlib import Path

import pytest

from server.state import KeyFileError, KeyFiles, state_folder


def test_keys_are_made_once_and_private(tmp_path: Path) -> None:
    first = KeyFiles(tmp_path / "keys").master_key().reveal()
    assert len(first) == 32
    assert KeyFiles(tmp_path / "keys").master_key().reveal() == first
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    for file in (tmp_path / "keys").iterdir():
        assert file.stat().st_mode & 0o777 == 0o600, file.name


def test_a_key_that_others_may_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    keys = KeyFiles(tmp_path / "keys")
    keys.master_key()
    (tmp_path / "keys/master.key").chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        keys.master_key()


def test_a_credential_of_the_service_manager_goes_first(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "master.key").write_text("ab" * 32)
    keys = KeyFiles(tmp_path / "keys", credentials)
    assert keys.master_key().reveal() == b"\xab" * 32
    assert not (tmp_path / "keys/master.key").exists()


@pytest.mark.parametrize("text", ["ab" * 16, "not hexadecimal", ""])
def test_a_damaged_master_key_is_never_replaced(tmp_path: Path, text: str) -> None:
    keys = KeyFiles(tmp_path / "keys")
    keys.write("master.key", text.encode())
    with pytest.raises(KeyFileError):
        keys.master_key()
    assert (tmp_path / "keys/master.key").read_text() == text


def test_the_state_folder_follows_option_then_environment(tmp_path: Path) -> None:
    option, environment = tmp_path / "a", {"STATE_DIRECTORY": f"{tmp_path / 'b'}:/other"}
    assert state_folder(option, environment).root == option
    assert state_folder(None, environment).root == tmp_path / "b"
    assert (tmp_path / "b").is_dir()


def test_a_new_state_folder_is_closed_to_others(tmp_path: Path) -> None:
    folder = state_folder(tmp_path / "new", {}).root
    assert folder.stat().st_mode & 0o077 == 0
