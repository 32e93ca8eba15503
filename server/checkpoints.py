"""Named places where the kill test may end the process.

Production passes ``no_checkpoint``. The harness's composition root passes one that kills the
process at a chosen name and lists every name it saw; a declared name never reached fails its run.
"""

from collections.abc import Callable
from enum import StrEnum


class Checkpoint(StrEnum):
    """Every checkpoint of the server. Each room adds its own names in a block of its own."""

    # The posting engine (server.ledger), in the order of one batch
    POST_BEFORE_LOCK = "post.before_lock"
    POST_AFTER_LOCK = "post.after_lock"
    POST_AFTER_DECIDE = "post.after_decide"
    POST_AFTER_INSERT = "post.after_insert"
    POST_BEFORE_COMMIT = "post.before_commit"
    POST_AFTER_COMMIT = "post.after_commit"

    # Claims and voids (server.payments)
    CLAIM_BEFORE_COMMIT = "claim.before_commit"
    CLAIM_AFTER_COMMIT = "claim.after_commit"
    VOID_BEFORE_COMMIT = "void.before_commit"
    VOID_AFTER_COMMIT = "void.after_commit"

    # The outbox (server.payments)
    OUTBOX_BEFORE_MARK = "outbox.before_mark"
    OUTBOX_AFTER_MARK = "outbox.after_mark"

    # Enrolment (server.fleet)
    ENROL_BEFORE_COMMIT = "enrol.before_commit"
    ENROL_AFTER_COMMIT = "enrol.after_commit"

    # Announcements (server.announcements), in the order of one message
    RELAY_BEFORE_PUBLISH = "relay.before_publish"
    RELAY_AFTER_PUBLISH = "relay.after_publish"
    RELAY_AFTER_ACK = "relay.after_ack"

    # A close (server.settlement.closes), in the order of one
    CLOSE_BEFORE_LOCK = "close.before_lock"
    CLOSE_AFTER_LOCK = "close.after_lock"
    CLOSE_AFTER_CUT = "close.after_cut"
    CLOSE_AFTER_INSERT = "close.after_insert"
    CLOSE_BEFORE_COMMIT = "close.before_commit"
    CLOSE_AFTER_COMMIT = "close.after_commit"


CheckpointPort = Callable[[Checkpoint], None]
"""Called at each checkpoint, on whatever thread is there."""


def no_checkpoint(_name: Checkpoint) -> None:
    """What production passes: nothing happens."""
