"""A row of figures, how it is printed and how it is kept."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True)
class Row:
    """One measured figure beside its reference of the same run on the same machine."""

    name: str
    value: float
    unit: str
    reference: float
    """In the same unit."""
    ratio: float
    """``value`` to ``reference``; where runs were repeated, the median of the runs' ratios."""
    conditions: str
    """Everything that has to be known to believe the figure."""
    least: float | None = None
    """What the ratio has to reach."""
    most: float | None = None
    """What the ratio may not exceed."""

    @property
    def verdict(self) -> str:
        """``>= 0.80 yes``; empty where nothing is asked."""
        if self.least is not None:
            return f">= {self.least:.2f} {'yes' if self.ratio >= self.least else 'NO'}"
        if self.most is not None:
            return f"<= {self.most:.2f} {'yes' if self.ratio <= self.most else 'NO'}"
        return ""


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile: a value that was really measured, never one in between.

    Raises ValueError without values or for a percent outside (0, 100].
    """
    if not values or not 0 < percent <= 100:
        raise ValueError("percentile: needs values, and a percent above 0 and up to 100")
    rank = math.ceil(len(values) * percent / 100)
    return sorted(values)[rank - 1]


def p50_p99(values: Sequence[float], unit: str = "ms") -> str:
    """``p50 12.3, p99 45.6 ms of 200``."""
    return (
        f"p50 {percentile(values, 50):.1f}, p99 {percentile(values, 99):.1f} {unit} "
        f"of {len(values)}"
    )


def ratio_of(pairs: Sequence[tuple[float, float]]) -> float:
    """The median of value to reference over pairs that were measured one after the other."""
    return median(value / reference for value, reference in pairs)


def compared(
    name: str,
    unit: str,
    pairs: Sequence[tuple[float, float]],
    conditions: str,
    *,
    least: float | None = None,
    most: float | None = None,
) -> Row:
    """A row of pairs, value and reference, that were measured one after the other."""
    value, reference = median(v for v, _ in pairs), median(r for _, r in pairs)
    return Row(name, value, unit, reference, ratio_of(pairs), conditions, least, most)


def table(rows: Sequence[Row]) -> str:
    """For a terminal: the figures, then each row's conditions."""
    head = ("name", "value", "reference", "unit", "ratio", "reach")
    lines = [
        (
            row.name,
            f"{row.value:,.1f}",
            f"{row.reference:,.1f}",
            row.unit,
            f"{row.ratio:.2f}",
            row.verdict,
        )
        for row in rows
    ]
    widths = [max(len(line[i]) for line in (head, *lines)) for i in range(len(head))]
    shown = [_line(line, widths) for line in (head, *lines)]
    shown += [f"\n{row.name}: {row.conditions}" for row in rows]
    return "\n".join(shown)


def _line(cells: tuple[str, ...], widths: Sequence[int]) -> str:
    name, *figures = cells
    rest = [cell.rjust(width) for cell, width in zip(figures, widths[1:], strict=True)]
    return "  ".join([name.ljust(widths[0]), *rest])


def keep(rows: Sequence[Row], folder: Path) -> Path:
    """Write results.json: these rows, and earlier ones that were not measured this time."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "results.json"
    names = {row.name for row in rows}
    before = json.loads(path.read_text("utf-8")) if path.exists() else []
    content = [row for row in before if row["name"] not in names] + [asdict(row) for row in rows]
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return path
