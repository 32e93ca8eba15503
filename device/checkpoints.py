"""Fault points: named places where the kill harness may end the process.

Production passes ``no_checkpoint``; only the harness's composition root passes another.
"""

from enum import StrEnum
from typing import Protocol


class Point(StrEnum):
    """Each must be reached in a run of the harness; one that never is fails the run."""

    BEFORE_JOURNAL = "before_journal"
    IN_JOURNAL = "in_journal"
    """Between the statements of one transaction and its commit."""
    AFTER_JOURNAL = "after_journal"
    BEFORE_SHOW = "before_show"
    AFTER_SHOW = "after_show"
    BEFORE_SPEECH = "before_speech"
    AFTER_SPEECH = "after_speech"
    BEFORE_PRINT = "before_print"
    AFTER_PRINT = "after_print"
    BEFORE_RESOLVE = "before_resolve"
    BEFORE_PULL = "before_pull"
    BEFORE_PUSH = "before_push"
    AFTER_PUSH = "after_push"


class Checkpoint(Protocol):
    """Called at each point."""

    def __call__(self, point: Point) -> None:
        """May end the process; otherwise does nothing."""


def no_checkpoint(point: Point) -> None:
    """Production's checkpoint: nothing."""
