"""``make demo``.

With a person at the keyboard: everything runs until Ctrl-C, and what to do next is printed.
With ONCE=1, or when nobody is there: plays the customer itself and ends; see ``once``.
"""

import os
import sys
from pathlib import Path

from tools.demo.live import live
from tools.demo.once import play_once
from tools.harness.process import StageError

STATE = Path("var")
OUTPUT = Path("demo-output")


def main() -> int:
    alone = os.environ.get("ONCE") == "1" or not (sys.stdin.isatty() and sys.stdout.isatty())
    try:
        if not alone:
            return live(STATE / "demo")
        stages = play_once(STATE / "demo-once", OUTPUT)
    except StageError as error:
        print(f"demo: this stage did not happen: {error}", file=sys.stderr)
        return 1
    print(stages.table())
    print(f"\nThe evidence lies in {OUTPUT}/: " + ", ".join(sorted(os.listdir(OUTPUT))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
