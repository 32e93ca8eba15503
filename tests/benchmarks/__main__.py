"""``python -m tests.benchmarks [--only NAME]``: measure, print, keep in bench-output/."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.benchmarks import audit_verify, confirm, pay_unary
from tests.benchmarks.results import Row, keep, table
from tests.support.postgres import NoPostgresError
from tools.harness.process import StageError

OUTPUT = Path("bench-output")
ROWS: Mapping[str, Callable[[], Row]] = {
    confirm.NAME: confirm.measure,
    pay_unary.NAME: pay_unary.measure,
    audit_verify.NAME: audit_verify.measure,
    audit_verify.NAME_SQLITE: audit_verify.measure_sqlite,
}


def main() -> int:
    """Exit status 1 when a row could not be measured; it is named, the others are kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", choices=sorted(ROWS), metavar="NAME", help=", ".join(ROWS))
    only = parser.parse_args().only
    rows: list[Row] = []
    failed = False
    for name, measure in ROWS.items():
        if only in (None, name):
            print(f"measuring {name} …", file=sys.stderr, flush=True)
            try:
                rows.append(measure())
            except (StageError, RuntimeError, NoPostgresError) as error:
                print(f"bench: {name} was not measured: {error}", file=sys.stderr)
                failed = True
    if rows:
        print(table(rows))
        print(f"\nkept in {keep(rows, OUTPUT)}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
