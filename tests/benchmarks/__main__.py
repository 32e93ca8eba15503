"""``python -m tests.benchmarks [--only NAME]``: measure, print, keep in bench-output/."""

import argparse
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from tests.benchmarks import (
    audit_verify,
    close_week,
    confirm,
    memory,
    pay,
    pay_growth,
    pay_hot,
    pay_vs_hordak,
    report_rows,
)
from tests.benchmarks.results import Row, keep, table
from tests.support.postgres import NoPostgresError
from tools.harness.process import StageError

OUTPUT = Path("bench-output")
ROWS: Mapping[str, Callable[[], list[Row]]] = {
    confirm.NAME: confirm.measure,
    **{name: partial(pay.measure, name) for name in pay.CASES},
    pay_hot.NAME: pay_hot.measure,
    pay_vs_hordak.NAME: pay_vs_hordak.measure,
    pay_growth.NAME: pay_growth.measure,
    memory.NAME: memory.measure,
    audit_verify.NAME: audit_verify.measure,
    audit_verify.NAME_SQLITE: audit_verify.measure_sqlite,
    close_week.NAME: close_week.measure,
    close_week.NAME_SQLITE: close_week.measure_sqlite,
    report_rows.CSV: report_rows.measure_csv,
    report_rows.RESULTS: report_rows.measure_results,
    report_rows.RESULTS_SQLITE: report_rows.measure_results_sqlite,
}
"""A row may bring another with it, as a rate its latency."""


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
                rows += measure()
            except (StageError, RuntimeError, NoPostgresError) as error:
                print(f"bench: {name} was not measured: {error}", file=sys.stderr)
                failed = True
    if rows:
        print(table(rows))
        print(f"\nkept in {keep(rows, OUTPUT)}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
