"""テスト印刷: seven questions that tell a working printer from one that needs another profile."""

from device.receipts.data import PrinterTestSlip
from device.receipts.dates import clock, full_day, in_tokyo
from device.receipts.layout import centred, pair, plain, rule, says, slip
from hardware.paper import CELL_WIDTH, Bitmap, Cut, Feed, Line, Picture, Run, Size, Slip

_RARE = "髙﨑①㈱Ⅲ㌔ 松 ¥1,200"
"""Characters that CP932 has beyond JIS X 0208: a ROM without them prints gaps or other signs."""
_PATTERN_HEIGHT = 96


def printer_test_slip(width: int, data: PrinterTestSlip) -> Slip:
    """The test print for a printer of ``data.printer``."""
    return slip(
        width,
        [
            centred(width, "テスト印刷", size=Size.DOUBLE, bold=True),
            _facts(width, data),
            rule(width),
            _edge(width),
            _looks(),
            _characters(),
            _same(),
            _dots(width),
            plain(["6.紙がひとりでに切れましたか", "7.出た紙は1枚だけですか"]),
            rule(width),
            says(
                width,
                "よければ、|画面の|「正しく出た」を|押してください。|4が違うときは|"
                "「画像で印刷」に|切り替えます。",
            ),
            Cut(),
        ],
    )


def _facts(width: int, data: PrinterTestSlip) -> list[Line]:
    at, printer = in_tokyo(data.printed_at), data.printer
    size = f"{printer.paper_mm}mm {printer.columns}桁 {printer.dots}ドット"
    return [
        *pair(width, full_day(at.date()), clock(at)),
        *pair(width, "プリンター", f"{printer.name} ({printer.connection})"),
        *pair(width, "紙幅と桁", size),
        *pair(width, "方式", printer.method.value),
    ]


def _edge(width: int) -> list[Line]:
    digits = "".join(str(column % 10) for column in range(1, width + 1))
    kanji = ("漢字" * width)[: width // 4 * 2]
    return plain(["1.右端まで字が並んでいますか", digits, kanji])


def _looks() -> list[Line]:
    space = Run(" ")
    looks = (
        Run("標準"),
        space,
        Run("太字", bold=True),
        space,
        Run("反転", reversed=True),
        space,
        Run("たて", Size.TALL),
        space,
        Run("倍角", Size.DOUBLE, bold=True),
    )
    return [*plain(["2.大きさ・太字・反転"]), Line(looks)]


def _characters() -> list[Line]:
    return plain(["3.円・かな・数字", "¥9,999,999 0O 1lI 8B ー-～", "永東国酬愛鬱鷹 松竹梅鶴亀"])


def _same() -> list[Line | Picture]:
    drawn = Picture(Line((Run(f"画像 {_RARE}"),)), "the same line, drawn")
    return [*plain(["4.上と下は同じ字ですか", f"文字 {_RARE}"]), drawn]


def _dots(width: int) -> list[Line | Picture | Feed]:
    pattern = Picture(test_pattern(width * CELL_WIDTH), "ruler, greys, hairlines")
    return [*plain(["5.線や点が欠けていませんか"]), pattern, Feed(6)]


def test_pattern(width: int) -> Bitmap:
    """A ruler in cells, four greys, hairlines with diagonals, a frame: ``width`` x 96 dots."""
    stride = (width + 7) // 8
    rows = bytearray(stride * _PATTERN_HEIGHT)
    for y in range(_PATTERN_HEIGHT):
        for x in range(width):
            if _black(x, y, width):
                rows[y * stride + x // 8] |= 0x80 >> x % 8
    return Bitmap(width, _PATTERN_HEIGHT, bytes(rows))


def _black(x: int, y: int, width: int) -> bool:
    if y < 20:  # ruler: every cell, longer every fifth
        tick = x % CELL_WIDTH == 0 or x == width - 1
        long_tick = x % (5 * CELL_WIDTH) == 0 or x == width - 1
        return y == 19 or (tick and y >= 9) or long_tick
    if y < 44:  # greys: half, quarter, stripes, black
        greys = ((x + y) % 2 == 1, x % 2 == y % 2 == 0, x % 4 < 2, True)
        return greys[x * 4 // width]
    if y < 68:  # hairlines of 1, 2, 3 dots, crossed
        return (x - y) % 24 == 0 or y == 48 or y in (56, 57) or y in (64, 65, 66)
    return x < 2 or x >= width - 2 or y >= _PATTERN_HEIGHT - 2
