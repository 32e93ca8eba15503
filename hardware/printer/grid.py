"""Slips as text for people and tests: one row a line, its used columns, the looks in it."""

from hardware.paper import Cut, Element, Feed, Line, Picture, Slip


def grid_of(slip: Slip) -> str:
    """The slip as a grid, ending in a newline.

    ``|text| 24 2x2B``: the paper's edges, the columns used, the looks (size, Bold, Reversed).
    """
    return "".join(f"{_row(element, slip.columns)}\n" for element in slip.elements)


def _row(element: Element, width: int) -> str:
    match element:
        case Line():
            text = "".join(run.text for run in element.runs)
            marks = ",".join(sorted({run.mark for run in element.runs} - {""}))
            return f"|{text}{' ' * (width - element.columns)}| {element.columns:>2} {marks}"
        case Picture():
            caption = f" {element.caption}" if element.caption else ""
            return f"| [picture {width * 12}x{element.height}{caption}] |"
        case Feed():
            return f"  (feed {element.dots} dots)"
        case Cut():
            return "  ✂ cut"
