"""Settings as one declarative table: parsing, checks, defaults and documentation in one place.

A settings class is a frozen dataclass of sections; a section is a frozen dataclass whose fields
are rows made by ``setting``. Files are TOML; a later one wins. An unknown key is an error with
the nearest name. Server, terminal and printer profiles keep this one format, which is why it
stands among the contracts. No secret is ever a setting.
"""

import dataclasses
import difflib
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

Table = TypeVar("Table")
Check = Callable[[Any], str | None]
"""What is wrong with a value, in words; None when nothing is."""

_TYPE_NAMES: Mapping[type, str] = {
    str: "text",
    int: "whole number",
    bool: "true or false",
    tuple: "list of texts",
}


class SettingsError(Exception):
    """A setting that cannot be used; ``code`` is stable, the text names key, file and remedy."""

    code = "CHOBA_SETTINGS_INVALID"


def setting(default: Any, doc: str, check: Check | None = None) -> Any:
    """A row of the table: default, sentence, check. Any: the dataclass's annotation types it."""
    return field(default=default, metadata={"doc": doc, "check": check})


def tcp_port(value: int) -> str | None:
    """Check: a TCP port."""
    return None if 1 <= value <= 65_535 else "a port is a number from 1 to 65535"


def tcp_port_or_off(value: int) -> str | None:
    """Check: a TCP port, or 0 for none."""
    return None if 0 <= value <= 65_535 else "a port is a number from 1 to 65535, 0 is off"


def between(low: int, high: int) -> Check:
    """Check: a number from ``low`` to ``high``, both included."""

    def check(value: int) -> str | None:
        return None if low <= value <= high else f"must be from {low} to {high}"

    return check


def one_of(*words: str) -> Check:
    """Check: one of these words."""

    def check(value: str) -> str | None:
        return None if value in words else f"must be one of {', '.join(words)}"

    return check


@dataclass(frozen=True, slots=True)
class LogSettings:
    """JSON lines to standard error."""

    level: str = setting(
        "info", "debug, info, warning or error.", one_of("debug", "info", "warning", "error")
    )


def load(defaults: Table, paths: Iterable[Path]) -> Table:
    """``defaults`` with the values of files put over them; a folder means its ``*.toml`` by name.

    Raises SettingsError that names file and key.
    """
    settings = defaults
    for path in _files(paths):
        try:
            data = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            raise _unreadable(path, error) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path}: is not TOML: {error}") from error
        settings = apply(settings, data, source=str(path))
    return settings


def apply(settings: Table, data: Mapping[str, object], source: str) -> Table:
    """``settings`` with the values of one file put over them; raises SettingsError."""
    rows = dataclasses.fields(cast("Any", settings))
    sections = {row.name: getattr(settings, row.name) for row in rows}
    for name, values in data.items():
        if name not in sections:
            raise SettingsError(f"{source}: [{name}]: unknown section{nearest(name, sections)}")
        if not isinstance(values, dict):
            raise SettingsError(f"{source}: {name}: is a section, write [{name}] above its keys")
        sections[name] = _apply_section(name, sections[name], values, source)
    return type(settings)(**sections)


def describe(settings: object) -> str:
    """Every setting as TOML with its sentence: the documentation, and a file to start from."""
    lines: list[str] = []
    for section in dataclasses.fields(cast("Any", settings)):
        value = getattr(settings, section.name)
        lines += [f"[{section.name}]", f"# {(type(value).__doc__ or '').strip()}"]
        for row in dataclasses.fields(value):
            lines.append(f"# {row.metadata['doc']}")
            lines.append(f"{row.name} = {_toml(getattr(value, row.name))}")
        lines.append("")
    return "\n".join(lines)


def nearest(word: str, known: Iterable[str]) -> str:
    """The end of an error's sentence: the name that was probably meant, else all there are."""
    names = list(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(names)}"


def _files(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        try:
            folder = path.is_dir()
            inside = sorted(path.glob("*.toml")) if folder else [path]
        except OSError as error:
            raise _unreadable(path, error) from error
        yield from inside


def _unreadable(path: Path, error: OSError) -> SettingsError:
    return SettingsError(f"{path}: cannot be read: {error.strerror}")


def _apply_section(name: str, section: Any, values: Mapping[str, object], source: str) -> Any:
    rows = {row.name: row for row in dataclasses.fields(section)}
    changes: dict[str, object] = {}
    for key, raw in values.items():
        where = f"{source}: {name}.{key}"
        if key not in rows:
            raise SettingsError(f"{where}: unknown setting{nearest(key, rows)}")
        value = tuple(raw) if isinstance(raw, list) else raw
        wanted = type(getattr(section, key))
        if type(value) is not wanted or (
            isinstance(value, tuple) and not all(isinstance(v, str) for v in value)
        ):
            raise SettingsError(f"{where}: must be a {_TYPE_NAMES[wanted]}")
        check = cast("Check | None", rows[key].metadata["check"])
        problem = check(value) if check else None
        if problem:
            raise SettingsError(f"{where}: {problem}")
        changes[key] = value
    return dataclasses.replace(section, **changes)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
