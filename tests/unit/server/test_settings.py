"""Settings: what a person who edits the file notices."""

import dataclasses
import tomllib
from pathlib import Path

import pytest

from server.settings import Settings, SettingsError, describe, load


def written(folder: Path, text: str, name: str = "server.toml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_without_files_everything_has_its_default(tmp_path: Path) -> None:
    assert load([tmp_path]) == Settings()


def test_later_files_win_key_by_key(tmp_path: Path) -> None:
    written(tmp_path, "[devices]\nport = 9001\nhost = '127.0.0.1'\n", "10.toml")
    written(tmp_path, "[devices]\nport = 9002\n", "20.toml")
    devices = load([tmp_path]).devices
    assert (devices.host, devices.port) == ("127.0.0.1", 9002)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[devises]\nport = 1\n", "[devises]: unknown section; did you mean devices?"),
        ("[devices]\nprot = 1\n", "devices.prot: unknown setting; did you mean port?"),
        ("[devices]\nport = '1'\n", "devices.port: must be a whole number"),
        ("[devices]\nport = true\n", "devices.port: must be a whole number"),
        ("[devices]\nport = 70000\n", "devices.port: a port is a number from 1 to 65535"),
        ("[tls]\nnames = [1]\n", "tls.names: must be a list of texts"),
        ("devices = 3\n", "devices: is a section"),
        ("[web]\nwallet_url = 'ftp://x'\n", "web.wallet_url: must look like https://"),
        ("[web]\nwallet_url = 'http://10.0.0.1'\n", "web.plain_http_port is off"),
        (
            f"[web]\nwallet_url = 'https://{'x' * 36}'\n",
            "host and port may have 35 characters",
        ),
        ("[broker]\nurl = 'mqtt://x'\n", "broker.url: must look like mqtts://"),
        ("[database]\nurl = 'postgresql://a:geheim@h/db'\n", "database.url: holds a password"),
        ("[devices\n", "is not TOML"),
    ],
)
def test_a_wrong_file_is_refused_by_name_and_remedy(tmp_path: Path, text: str, told: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(SettingsError) as refused:
        load([path])
    assert told in str(refused.value)
    assert "geheim" not in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml: cannot be read"):
        load([tmp_path / "nowhere.toml"])


def test_what_is_printed_can_be_read_again_and_explains_every_key(tmp_path: Path) -> None:
    text = describe(Settings())
    assert load([written(tmp_path, text)]) == Settings()
    keys = tomllib.loads(text)
    for section in dataclasses.fields(Settings):
        rows = dataclasses.fields(getattr(Settings(), section.name))
        assert set(keys[section.name]) == {row.name for row in rows}
        assert all(row.metadata["doc"].endswith(".") for row in rows)
