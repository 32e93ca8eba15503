"""Why a copy of the books is not made or not put back."""

from enum import StrEnum

from server.refusal import Refusal, RefusalKind


class BackupReason(StrEnum):
    """Stable codes."""

    PLACE_TAKEN = "CHOBA_BACKUP_PLACE_TAKEN"
    PLACE_UNUSABLE = "CHOBA_BACKUP_PLACE_UNUSABLE"
    TOOL_MISSING = "CHOBA_BACKUP_TOOL_MISSING"
    TOOL_FAILED = "CHOBA_BACKUP_TOOL_FAILED"
    NOT_WHOLE = "CHOBA_BACKUP_NOT_WHOLE"
    DAMAGED = "CHOBA_BACKUP_DAMAGED"
    OTHER_KIND = "CHOBA_BACKUP_OTHER_KIND"
    TOO_NEW = "CHOBA_BACKUP_TOO_NEW"
    NOT_EMPTY = "CHOBA_RESTORE_NOT_EMPTY"
    SECRET_IN_URL = "CHOBA_BACKUP_SECRET_IN_URL"  # noqa: S105 -- a code, no secret


class BackupRefused(Refusal):
    """What was there before is untouched, and nothing stands under the name that was asked for."""

    def __init__(self, code: BackupReason, ja: str, en: str, field: str = "") -> None:
        super().__init__(code, RefusalKind.STATE, ja=ja, en=en, field=field)
