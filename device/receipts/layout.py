"""The layout kernel: a slip is built line by line, in columns, and never overflows.

Each function returns lines; none knows which slip it serves.
"""

from collections.abc import Iterable
from typing import Final

from device.receipts.text import kinsoku, name_lines, sentence
from hardware.paper import LINE_GAP, Element, Line, Run, Size, Slip, columns_of
from protos.units import Yen

WIDE_PAPER: Final = 40
"""Columns from which the third column of a table gets 16 columns instead of 12."""


def yen(amount: int) -> str:
    """``¥1,200``, negative ``-¥1,200``."""
    return f"{'-' if amount < 0 else ''}¥{abs(amount):,}"


def grouped_code(code: str) -> str:
    """A confirmation code in two halves: ``482 913``."""
    return f"{code[:3]} {code[3:]}"


def grouped_id(transaction_id: str) -> str:
    """A transaction id in groups of five, to be read out: ``49pvd aZclE bD9Nc oAIQL``."""
    return " ".join(transaction_id[at : at + 5] for at in range(0, len(transaction_id), 5))


def slip(columns: int, elements: Iterable[Element | Iterable[Element]]) -> Slip:
    """A slip from single elements and blocks of them."""
    flat: list[Element] = []
    for element in elements:
        if isinstance(element, Iterable):
            flat += element
        else:
            flat.append(element)
    return Slip(columns, tuple(flat))


def line(*runs: Run) -> Line:
    """A line of the runs that hold anything."""
    return Line(tuple(run for run in runs if run.text))


def plain(texts: Iterable[str], *, bold: bool = False) -> list[Line]:
    """Lines from the left edge."""
    return [Line((Run(text, bold=bold),)) for text in texts]


def says(width: int, text: str, *, bold: bool = False) -> list[Line]:
    """Our own sentence; ``|`` marks where it may break."""
    return plain(sentence(text, width), bold=bold)


def rule(width: int) -> Line:
    """A line across the paper."""
    return Line((Run("─" * (width // 2)),))


def pad(columns: int) -> Run:
    """White."""
    return Run(" " * columns)


def centred(width: int, text: str, *, size: Size = Size.NORMAL, bold: bool = False) -> Line:
    """A text in the middle; what is left over goes to the right."""
    run = Run(text, size, bold)
    return line(pad((width - run.columns) // 2), run)


def bar(width: int, text: str, size: Size = Size.NORMAL) -> Line:
    """A text in white on a black bar from edge to edge."""
    white = Size.TALL if size is Size.DOUBLE else size
    run = Run(text, size, bold=True, reversed=True)
    left = (width - run.columns) // 2
    right = width - run.columns - left
    return line(
        Run(" " * left, white, bold=True, reversed=True),
        run,
        Run(" " * right, white, bold=True, reversed=True),
    )


def pair(
    width: int,
    left: str,
    right: str,
    *,
    left_bold: bool = False,
    right_bold: bool = False,
) -> list[Line]:
    """Left and right on one line; if they would touch, right goes down, flush right."""
    space = width - columns_of(left) - columns_of(right)
    if space >= 1:
        return [line(Run(left, bold=left_bold), pad(space), Run(right, bold=right_bold))]
    lines = plain(kinsoku(left, width), bold=left_bold)
    for part in kinsoku(right, width):
        lines.append(line(pad(width - columns_of(part)), Run(part, bold=right_bold)))
    return lines


def triple(width: int, left: str, middle: str, right: str, *, bold: bool = False) -> list[Line]:
    """A row of three: middle and right end flush at fixed columns, so that rows line up.

    A left part that leaves no room takes lines of its own.
    """
    column = 16 if width >= WIDE_PAPER else 12
    middle_end = min(width - column, width - columns_of(right) - 1)
    lines: list[Line] = []
    if columns_of(left) + 1 + columns_of(middle) > middle_end:
        lines, left = plain(kinsoku(left, width), bold=bold), ""
    middle_at = max(0, middle_end - columns_of(middle))
    if middle_at + columns_of(middle) + 1 + columns_of(right) > width:
        return [*lines, *pair(width, middle, right, left_bold=bold, right_bold=bold)]
    text = left + " " * (middle_at - columns_of(left)) + middle
    text += " " * (width - columns_of(text) - columns_of(right)) + right
    return [*lines, Line((Run(text, bold=bold),))]


def total(width: int, label: str, amount: Yen | int) -> Line:
    """The sum, as large as the paper allows: label tall, amount double."""
    left = Run(label, Size.TALL, bold=True)
    right = Run(yen(amount), Size.DOUBLE, bold=True)
    return line(left, pad(width - left.columns - right.columns), right)


def code_and_seal(width: int, code: str, seal: str) -> list[Line]:
    """確認コード and 照合印, both to be compared with a screen."""
    left = Run(grouped_code(code), Size.DOUBLE, bold=True)
    right = Run(f" {seal} ", Size.DOUBLE, bold=True, reversed=True)
    big = line(left, pad(width - left.columns - right.columns), right)
    return [*pair(width, "確認コード", "照合印"), big]


def shop_name(width: int, name: str) -> list[Line]:
    """A folded name: tall on one line if it fits, else bold on up to three."""
    if columns_of(name) <= width:
        return [Line((Run(name, Size.TALL, bold=True),))]
    return plain(name_lines(name, width), bold=True)


def with_gap(lines: list[Line], gap: int) -> list[Line]:
    """The same lines with more white below the last one."""
    assert gap >= LINE_GAP
    return [*lines[:-1], Line(lines[-1].runs, gap)]
