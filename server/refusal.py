"""How every room refuses what an operator, a shop or a customer asked for.

gRPC, pages and the command line translate this one type; a room subclasses it with its own codes.
"""

from enum import Enum, StrEnum


class RefusalKind(Enum):
    """What the caller can do about it."""

    INVALID = "invalid"
    """The request is wrong in itself: correct the field."""
    NOT_FOUND = "not found"
    """What it names is not there."""
    CONFLICT = "conflict"
    """The key or id is taken by something else."""
    STATE = "state"
    """Right in itself, and not possible as things stand."""
    DENIED = "denied"
    """Not for this caller."""


class Refusal(Exception):  # noqa: N818 -- says what is so; people read it aloud
    """Nothing was changed. ``code`` is stable (CHOBA_<AREA>_<REASON>); the sentences say what is
    wrong and what to do, politely, without a person's data in them.
    """

    def __init__(
        self,
        code: StrEnum,
        kind: RefusalKind,
        *,
        ja: str,
        en: str,
        field: str = "",
        detail: dict[str, str] | None = None,
    ) -> None:
        """``field``: the wrong field's name. ``detail``: facts for programs (line, limit, …)."""
        super().__init__(f"{code}: {en}")
        self.code = code
        self.kind = kind
        self.ja = ja
        self.en = en
        self.field = field
        self.detail = detail or {}
