"""What a person may write into a settings file, and what they are told then."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from protos.operation.settings_table import (
    SettingsError,
    between,
    describe,
    load,
    one_of,
    setting,
    tcp_port,
)


@dataclass(frozen=True, slots=True)
class Shop:
    """A section."""

    name: str = setting("", "Its name.")
    port: int = setting(1, "Its port.", tcp_port)
    seats: int = setting(4, "Its seats.", between(1, 9))
    open: bool = setting(True, "Whether it is open.")
    days: tuple[str, ...] = setting((), "Its days.")
    colour: str = setting("ai", "Its colour.", one_of("ai", "shu"))


@dataclass(frozen=True, slots=True)
class Town:
    """A table."""

    shop: Shop = Shop()


def write(folder: Path, text: str, name: str = "a.toml") -> Path:
    (folder / name).write_text(text, "utf-8")
    return folder / name


def test_a_later_file_wins_and_the_rest_stays(tmp_path: Path) -> None:
    write(tmp_path, '[shop]\nname = "まつや"\nseats = 5\n')
    write(tmp_path, "[shop]\nseats = 6\nopen = false\n", "b.toml")
    assert load(Town(), [tmp_path]).shop == Shop(name="まつや", seats=6, open=False)


def test_what_is_described_is_what_is_loaded(tmp_path: Path) -> None:
    town = Town(Shop(name='a "b" \\', days=("月", "火"), open=False))
    path = write(tmp_path, describe(town))
    assert load(Town(), [path]) == town


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[shop]\nport = 0", "shop.port: a port is a number from 1 to 65535"),
        ("[shop]\nseats = 10", "shop.seats: must be from 1 to 9"),
        ('[shop]\nseats = "4"', "shop.seats: must be a whole number"),
        ("[shop]\nseats = true", "shop.seats: must be a whole number"),
        ("[shop]\nopen = 1", "shop.open: must be a true or false"),
        ("[shop]\ndays = [1]", "shop.days: must be a list of texts"),
        ('[shop]\ncolour = "matsu"', "shop.colour: must be one of ai, shu"),
        ("[shop]\nseat = 1", "shop.seat: unknown setting; did you mean seats?"),
        ("[shops]", r"\[shops\]: unknown section; did you mean shop?"),
        ("shop = 1", r"is a section, write \[shop\] above"),
        ("[shop", "is not TOML"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        load(Town(), [write(tmp_path, text)])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml: cannot be read"):
        load(Town(), [tmp_path / "none.toml"])


def test_a_folder_that_this_user_may_not_enter_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_dir", denied)
    with pytest.raises(SettingsError, match=r"device\.toml: cannot be read: Permission denied"):
        load(Town(), [tmp_path / "device.toml"])
