"""Printer profiles: what a model can do, declared in TOML, checked field by field.

Ask a profile for a capability; never ask which model it is. The table ``_FIELDS`` is the one place
that says which fields exist, what they accept and what they mean.
"""

import difflib
import enum
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hardware.paper import CELL_WIDTH
from hardware.ports import PrinterError

PROFILES: Final = Path(__file__).parent.parent / "profiles"


class Method(enum.Enum):
    """Which renderer makes the job."""

    KANJI_ROM = "kanji-rom"
    IMAGE = "image"


class Repertoire(enum.Enum):
    """The kanji that the printer's own font holds."""

    CP932 = "cp932"
    JIS_X_0208 = "jis-x-0208"


class KanjiSize(enum.Enum):
    """Which command sizes kanji: ``GS !`` alone, or ``FS !`` besides."""

    GS = "gs"
    GS_AND_FS = "gs+fs"


class Cutter(enum.Enum):
    """What ends a sheet."""

    PARTIAL = "partial"
    NONE = "none"


class StatusSupport(enum.Enum):
    """Whether the model answers ``DLE EOT``."""

    RELIABLE = "reliable"
    """It does: silence is a fault, and holds the job."""
    MAYBE = "maybe"
    """Some of its kind do: an answer is believed, silence proves nothing either way."""
    NEVER = "never"
    """It is not asked."""


class Proof(enum.Enum):
    """How the printer proves that a job is on paper."""

    PROCESS_ID = "process-id"
    """``GS ( H`` function 48: it sends the job's own id back when printing is completed."""
    QUEUED_STATUS = "queued-status"
    """``GS r 1`` behind the job: it is answered when everything before it was carried out."""
    NONE = "none"
    """It proves nothing."""


class Clearing(enum.Enum):
    """How the rest of a broken job is taken out of the printer's memory."""

    DLE_DC4 = "dle-dc4"
    """``DLE DC4`` function 8, carried out at once, offline too."""
    NONE = "none"


class TransportKind(enum.Enum):
    """What the printer hangs on."""

    USB = "usb"
    SERIAL = "serial"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of printer. Dots and columns of the printable width; times in seconds."""

    name: str
    title: str
    paper_mm: int
    columns: int
    dots: int
    dpi: int
    method: Method
    repertoire: Repertoire
    kanji_size: KanjiSize
    cutter: Cutter
    tear_lines: int
    transports: frozenset[TransportKind]
    baud_rate: int
    status: StatusSupport
    proof: Proof
    clearing: Clearing
    answer_timeout: float
    job_timeout: float
    settle: float


Parser = Callable[[object], Any]


@dataclass(frozen=True, slots=True)
class _Field:
    parse: Parser
    meaning: str
    default: object = None
    required: bool = False


def _text(value: object) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ValueError("must be a text")
    return value


def _integer(low: int, high: int) -> Parser:
    def parse(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return value

    return parse


def _seconds(low: float, high: float) -> Parser:
    def parse(value: object) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise ValueError("must be a number of seconds")
        if not low <= value <= high:
            raise ValueError(f"must be from {low} to {high} seconds")
        return float(value)

    return parse


def _one_of(words: type[enum.Enum]) -> Parser:
    known = [str(member.value) for member in words]

    def parse(value: object) -> enum.Enum:
        if value not in known:
            raise ValueError(f"must be one of {', '.join(known)}{_nearest(value, known)}")
        return words(value)

    return parse


def _set_of(words: type[enum.Enum]) -> Parser:
    one = _one_of(words)

    def parse(value: object) -> frozenset[enum.Enum]:
        if not isinstance(value, list) or not value:
            raise ValueError("must be a list with at least one entry")
        return frozenset(one(entry) for entry in value)

    return parse


def _nearest(value: object, known: list[str]) -> str:
    near = difflib.get_close_matches(str(value), known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


_FIELDS: Final[Mapping[str, _Field]] = {
    "title": _Field(_text, "name for people, as the test print shows it", required=True),
    "paper_mm": _Field(_integer(40, 120), "width of the roll in millimetres", required=True),
    "columns": _Field(_integer(32, 64), "half-width characters a line", required=True),
    "dots": _Field(_integer(384, 832), "printable dots a line", required=True),
    "dpi": _Field(_integer(100, 255), "dots an inch, both ways (the unit of GS P)", 203),
    "method": _Field(_one_of(Method), "kanji-rom: send characters; image: send dots", "kanji-rom"),
    "repertoire": _Field(_one_of(Repertoire), "characters in the printer's own font", "cp932"),
    "kanji_size": _Field(_one_of(KanjiSize), "command that sizes kanji", "gs"),
    "cutter": _Field(_one_of(Cutter), "partial: GS V 66 0; none: feed to tear off", "partial"),
    "tear_lines": _Field(_integer(1, 20), "lines fed before tearing (ESC d)", 4),
    "transports": _Field(_set_of(TransportKind), "connections it is sold with", required=True),
    "baud_rate": _Field(_integer(1200, 460800), "serial speed as delivered", 19200),
    "status": _Field(_one_of(StatusSupport), "whether it answers DLE EOT", "maybe"),
    "proof": _Field(_one_of(Proof), "how it proves a finished job", "none"),
    "clearing": _Field(_one_of(Clearing), "how a broken job is cleared from its memory", "none"),
    "answer_timeout": _Field(_seconds(0.05, 5), "longest wait for one answer", 0.5),
    "job_timeout": _Field(_seconds(1, 120), "longest time a job may take once sent", 20.0),
    "settle": _Field(_seconds(0, 10), "how long a printer without proof is watched", 2.0),
}


def parse_profile(name: str, text: str) -> Profile:
    """Read one profile from TOML.

    Raises PrinterError ``CHOBA_PRINTER_PROFILE_INVALID`` that names every wrong field, what it
    accepts and, for an unknown one, the nearest name.
    """
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _invalid(name, [f"not TOML: {error}"]) from None
    problems = [
        f"{key}: unknown field{_nearest(key, list(_FIELDS))}" for key in given if key not in _FIELDS
    ]
    values: dict[str, Any] = {"name": name}
    for key, field in _FIELDS.items():
        if key not in given and field.required:
            problems.append(f"{key}: missing; {field.meaning}")
            continue
        try:
            values[key] = field.parse(given.get(key, field.default))
        except ValueError as error:
            problems.append(f"{key}: {error} ({field.meaning}); is {given.get(key)!r}")
    if not problems and values["columns"] * CELL_WIDTH > values["dots"]:
        problems.append(f"columns: {values['columns']} of {CELL_WIDTH} dots need more than dots")
    if problems:
        raise _invalid(name, problems)
    return Profile(**values)


def load_profile(name: str, folder: Path = PROFILES) -> Profile:
    """Read the profile of that name.

    Raises PrinterError ``CHOBA_PRINTER_PROFILE_UNKNOWN`` with the nearest name, or as
    ``parse_profile``.
    """
    known = profile_names(folder)
    if name not in known:
        raise PrinterError(
            "CHOBA_PRINTER_PROFILE_UNKNOWN",
            f"no printer profile {name!r}{_nearest(name, known)} Known: {', '.join(known)}",
        )
    return parse_profile(name, (folder / f"{name}.toml").read_text(encoding="utf-8"))


def profile_names(folder: Path = PROFILES) -> list[str]:
    """The names of all profiles, sorted."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def _invalid(name: str, problems: list[str]) -> PrinterError:
    return PrinterError(
        "CHOBA_PRINTER_PROFILE_INVALID", f"printer profile {name!r}: " + "; ".join(problems)
    )
