"""A benchmark's arithmetic: a wrong percentile would praise or blame the wrong thing."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks.results import Row, compared, keep, p50_p99, percentile, ratio_of, table

ROW = Row("pay_unary_sqlite", 1234.5, "payments/s", 1000.0, 1.2345, "two cores", least=0.8)


def test_percentile_is_a_measured_value_of_the_nearest_rank() -> None:
    values = [float(value) for value in range(200, 0, -1)]
    assert percentile(values, 50) == 100
    assert percentile(values, 99) == 198
    assert percentile(values, 100) == 200
    assert percentile([7.0], 1) == 7.0
    assert percentile([1.0, 9.0], 50) == 1.0


@pytest.mark.parametrize(("values", "percent"), [([], 50), ([1.0], 0), ([1.0], 101)])
def test_percentile_refuses_what_has_no_answer(values: list[float], percent: float) -> None:
    with pytest.raises(ValueError, match="percentile"):
        percentile(values, percent)


def test_p50_p99_says_how_many() -> None:
    assert p50_p99([1.0, 2.0, 3.0]) == "p50 2.0, p99 3.0 ms of 3"


def test_ratio_is_the_median_of_the_pairs_not_of_the_sums() -> None:
    assert ratio_of([(10, 10), (30, 10), (1, 100)]) == 1.0


def test_table_shows_every_figure_and_condition() -> None:
    shown = table([ROW, replace(ROW, name="x")]).splitlines()
    assert shown[0].split() == ["name", "value", "reference", "unit", "ratio", "reach"]
    assert shown[1].split() == [
        "pay_unary_sqlite",
        "1,234.5",
        "1,000.0",
        "payments/s",
        "1.23",
        ">=",
        "0.80",
        "yes",
    ]
    assert "x: two cores" in shown
    assert len({len(line) for line in shown[:3]}) == 1


def test_keep_replaces_its_own_rows_and_leaves_the_others(tmp_path: Path) -> None:
    folder = tmp_path / "bench-output"
    keep([ROW, replace(ROW, name="other")], folder)
    path = keep([replace(ROW, value=2.0)], folder)
    rows = json.loads(path.read_text("utf-8"))
    assert [(row["name"], row["value"]) for row in rows] == [
        ("other", 1234.5),
        ("pay_unary_sqlite", 2.0),
    ]
    figures = {"name", "value", "unit", "reference", "ratio", "conditions", "least", "most"}
    assert set(rows[0]) == figures


@pytest.mark.parametrize(
    ("ratio", "least", "most", "verdict"),
    [
        (1.0, 1.0, None, ">= 1.00 yes"),
        (0.999, 1.0, None, ">= 1.00 NO"),
        (2.5, None, 2.5, "<= 2.50 yes"),
        (2.501, None, 2.5, "<= 2.50 NO"),
        (9.0, None, None, ""),
    ],
)
def test_a_row_says_whether_it_reached_what_is_asked(
    ratio: float, least: float | None, most: float | None, verdict: str
) -> None:
    assert replace(ROW, ratio=ratio, least=least, most=most).verdict == verdict


def test_a_compared_row_has_medians_and_the_median_of_the_pairs() -> None:
    row = compared("x", "ms", [(10, 10), (30, 10), (1, 100)], "two cores", most=2.0)
    assert (row.value, row.reference, row.ratio) == (10, 10, 1.0)
    assert row.verdict == "<= 2.00 yes"
