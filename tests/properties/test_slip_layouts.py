"""Whatever people are called and whatever they pay: slips fit, and bytes and drawing agree."""

import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st

from device.receipts import lay_out
from device.receipts.data import Balance, Copy, Leg, Lot, PaymentSlip, ServiceType
from device.receipts.text import NAME_LINES, fold, kinsoku, name_lines
from hardware.paper import Cut, Line, Run, Size, Slip, columns_of
from hardware.printer.escpos import escpos, fits_repertoire
from hardware.printer.grid import grid_of
from hardware.printer.model import read_back
from hardware.printer.profiles import Repertoire, load_profile
from hardware.printer.raster import raster
from hardware.printer.typeface import Typeface
from protos.units import MAX_AMOUNT, Micros, Yen
from tests.support import slips

TYPEFACE = Typeface()
PROFILE = load_profile("generic-80")
WIDTHS = st.sampled_from([32, 35, 42, 48])
PRINTED = "あいうアイウ漢字商品券松竹梅髙﨑①㈱Ⅲ㌔ABCxyz0189¥,.-()「」・＆～ ー…"
WILD = st.text(max_size=60)
"""Anything at all: emoji, controls, half-width kana, combining marks, unassigned characters."""
NAMES = WILD | st.text("あア漢ーっ、。「」・＆ ABc12ﾊﾟｶﾞﾞ〜𠮷", min_size=1, max_size=90)
AMOUNTS = st.integers(0, MAX_AMOUNT).map(Yen)
MOMENTS = st.integers(1_600_000_000, 2_000_000_000).map(lambda s: Micros(s * 1_000_000))
RUNS = st.builds(
    Run,
    st.text(PRINTED, min_size=1, max_size=12),
    st.sampled_from(Size),
    bold=st.booleans(),
    reversed=st.booleans(),
)


def fitting(runs: list[Run]) -> Line:
    taken: list[Run] = []
    for run in runs:
        if sum(one.columns for one in taken) + run.columns <= PROFILE.columns:
            taken.append(run)
    return Line(tuple(taken))


@given(st.lists(st.lists(RUNS, max_size=5).map(fitting), max_size=6))
@settings(max_examples=60, deadline=None)
def test_the_bytes_print_the_drawing(lines: list[Line]) -> None:
    slip = Slip(PROFILE.columns, (*lines, Cut()))
    assert fits_repertoire(slip, Repertoire.CP932)
    (sheet,) = read_back(escpos(slip, PROFILE, TYPEFACE), PROFILE, TYPEFACE)
    assert sheet.picture == raster(slip, TYPEFACE)
    assert sheet.text == grid_of(slip)


@given(
    width=WIDTHS,
    names=st.tuples(NAMES, NAMES, NAMES, NAMES),
    amounts=st.tuples(AMOUNTS, AMOUNTS),
    moments=st.tuples(MOMENTS, MOMENTS, MOMENTS),
    lots=st.lists(st.builds(Lot, AMOUNTS, MOMENTS | st.none()), max_size=4),
    copy=st.sampled_from(Copy),
)
@settings(max_examples=150, deadline=None)
def test_every_payment_fits_its_paper_and_states_its_total(
    width: int,
    names: tuple[str, str, str, str],
    amounts: tuple[Yen, Yen],
    moments: tuple[Micros, Micros, Micros],
    lots: list[Lot],
    copy: Copy,
) -> None:
    payout = dataclasses.replace(slips.VOUCHER_PAYOUT, closes_at=moments[1])
    leg = slips.voucher(amounts[0])
    data: PaymentSlip = dataclasses.replace(
        slips.CUSTOMER,
        counter=slips.counter(names[0], names[1]),
        office=dataclasses.replace(slips.OFFICE, name=names[2]),
        paid_at=moments[0],
        legs=(
            Leg(names[3], ServiceType.VOUCHER, leg.amount, leg.transaction_id, payout),
            slips.points(amounts[1] // 2),
        ),
        cancel_before=moments[2],
        balances=(Balance(names[3], tuple(lots)),),
        copy=copy,
    )
    if data.total > MAX_AMOUNT:
        return
    grid = grid_of(lay_out(data, width))  # a line wider than the paper raises
    assert f"¥{data.total:,}" in grid
    assert "※適格請求書ではありません" in grid
    raster(lay_out(data, width), TYPEFACE)  # every character can be drawn


@given(WILD)
def test_folded_text_is_safe_and_stays(text: str) -> None:
    folded = fold(text)
    assert Run(folded).text == fold(folded) == folded


@given(NAMES.map(fold), WIDTHS)
def test_a_name_takes_few_lines_and_loses_only_its_end(name: str, width: int) -> None:
    lines = name_lines(name, width)
    assert len(lines) <= NAME_LINES
    assert all(columns_of(line) <= width for line in lines)
    kept = "".join(lines).replace(" ", "").replace("\u3000", "")
    whole = name.replace(" ", "").replace("\u3000", "")
    assert kept == whole or whole.startswith(kept.removesuffix("…"))


@given(NAMES.map(fold), WIDTHS)
def test_breaking_by_kinsoku_loses_nothing(text: str, width: int) -> None:
    lines = kinsoku(text, width)
    assert all(0 < columns_of(line) <= width or not line.strip() for line in lines)
    spaceless = str.maketrans("", "", " \u3000")
    assert "".join(lines).translate(spaceless) == text.translate(spaceless)
