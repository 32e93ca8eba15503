"""choba-server that ends itself with SIGKILL at a checkpoint: the kill tests' composition root.

    python -m tests.support.killed_server --reached FILE [--kill-at NAME] <choba-server's arguments>

Every checkpoint reached is a line of FILE, written before the process may end.
"""

import argparse
import os
import signal
import sys
from pathlib import Path

from server.__main__ import main
from server.checkpoints import Checkpoint, CheckpointPort


def killing_at(name: Checkpoint | None, reached: Path) -> CheckpointPort:
    """Writes each name down; ends the process at ``name``, as a power cut would."""

    def checkpoint(here: Checkpoint) -> None:
        with reached.open("a", encoding="utf-8") as file:
            file.write(f"{here.value}\n")
        if here is name:
            os.kill(os.getpid(), signal.SIGKILL)

    return checkpoint


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--reached", type=Path, required=True)
    parser.add_argument("--kill-at", type=Checkpoint, default=None)
    options, rest = parser.parse_known_args()
    sys.exit(main(rest, killing_at(options.kill_at, options.reached)))
