"""``python -m server.demo``: put the demo's town into the books of a state folder.

Does nothing when it is there. The server may run meanwhile.
"""

import argparse
import datetime as dt
import os
import sys
from pathlib import Path

from server.clock import SECOND, TOKYO, system_clock
from server.db import DatabaseError, migrate, open_database
from server.demo.calendar import DemoCalendar
from server.demo.town import is_there, lay_out
from server.state import state_folder


def main() -> int:
    """Exit status 1 with a sentence when the books cannot be reached."""
    parser = argparse.ArgumentParser(prog="python -m server.demo", description=__doc__)
    parser.add_argument("--state-dir", type=Path, metavar="FOLDER", help="of choba-server")
    parser.add_argument(
        "--database", metavar="URL", default="", help="a migrated database, instead of SQLite"
    )
    options = parser.parse_args()
    url = options.database
    try:
        if not url:
            url = f"sqlite:///{state_folder(options.state_dir, os.environ).database}"
            migrate(url)
        database = open_database(url)
    except DatabaseError as error:
        print(f"demo: {error.code}: {error}", file=sys.stderr)
        return 1
    try:
        if not is_there(database):
            today = dt.datetime.fromtimestamp(system_clock() / SECOND, TOKYO).date()
            lay_out(database, system_clock, DemoCalendar(today))
    finally:
        database.close_now()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
