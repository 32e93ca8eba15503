"""``python -m server`` and ``choba-server``: see ``server/command.py``."""

import os
from collections.abc import Sequence

from server.checkpoints import CheckpointPort, no_checkpoint


def main(arguments: Sequence[str] | None = None, checkpoint: CheckpointPort = no_checkpoint) -> int:
    """The command; its exit status. ``checkpoint`` is the kill tests' only."""
    # gRPC reads these when it is loaded; its own lines would stand between our JSON lines
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from server.command import run  # noqa: PLC0415 -- loads gRPC

    return run(arguments, checkpoint)


if __name__ == "__main__":
    raise SystemExit(main())
