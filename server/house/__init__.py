"""The house around the books: copies of them, and putting a copy back."""

from server.house.backup import BackupReport, make_backup
from server.house.manifest import Manifest, read_manifest
from server.house.refusals import BackupReason, BackupRefused
from server.house.restore import RestoreReport, restore_backup

__all__ = [
    "BackupReason",
    "BackupRefused",
    "BackupReport",
    "Manifest",
    "RestoreReport",
    "make_backup",
    "read_manifest",
    "restore_backup",
]
