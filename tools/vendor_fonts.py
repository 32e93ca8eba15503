"""Make device/ui/fonts from the fonts' own releases. Run by hand when a font is updated.

    python tools/vendor_fonts.py BIZ_UDPGOTHIC_DIR BIZ_UDGOTHIC_DIR NOTO_SANS_CJK_BOLD_TTC

The first two are unpacked npm packages ``@expo-google-fonts/biz-udpgothic`` and
``@expo-google-fonts/biz-udgothic``; the third is Debian's ``fonts-noto-cjk``
(``/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc``). Needs fontTools.

BIZ UDPGothic is kept whole, because a shop may be called anything. BIZ UDGothic draws clocks and
codes only and is cut to those characters. The fallback holds what BIZ lacks of JIS X 0213, the
kanji outside the Basic Multilingual Plane and the compatibility ideographs, cut from Noto Sans
CJK JP. ``coverage.txt`` lists what each file can draw, so that the device asks no font at run
time whether it would show a box.
"""

import shutil
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

OUT = Path(__file__).parent.parent / "device" / "ui" / "fonts"
MONO_TEXT = "".join(chr(c) for c in range(0x20, 0x7F)) + "¥年月日時分秒件回前※－〓"


def characters(path: Path) -> set[int]:
    return set(TTFont(path, fontNumber=0).getBestCmap())


def cut(source: Path, wanted: set[int], target: Path, family: str | None = None) -> None:
    options = subset.Options()
    options.font_number = 0
    options.layout_features = []
    options.notdef_outline = True
    options.hinting = False
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    font = subset.load_font(str(source), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=wanted)
    cutter.subset(font)
    if family is not None:
        for record in font["name"].names:
            if record.nameID in (1, 3, 4, 6):
                font["name"].setName(
                    family, record.nameID, record.platformID, record.platEncID, record.langID
                )
    font.recalcTimestamp = False
    font.save(str(target))


def is_jis_2004(code: int) -> bool:
    try:
        chr(code).encode("euc_jis_2004")
    except UnicodeEncodeError:
        return False
    return True


def ranges(codes: set[int]) -> str:
    out: list[list[int]] = []
    for code in sorted(codes):
        if out and code == out[-1][1] + 1:
            out[-1][1] = code
        else:
            out.append([code, code])
    return " ".join(f"{a:X}" if a == b else f"{a:X}-{b:X}" for a, b in out)


def main(proportional: Path, fixed: Path, noto: Path) -> None:
    OUT.mkdir(exist_ok=True)
    shutil.copyfile(
        proportional / "700Bold/BIZUDPGothic_700Bold.ttf", OUT / "BIZUDPGothic-Bold.ttf"
    )
    shutil.copyfile(
        proportional / "400Regular/BIZUDPGothic_400Regular.ttf", OUT / "BIZUDPGothic-Regular.ttf"
    )
    cut(
        fixed / "700Bold/BIZUDGothic_700Bold.ttf",
        {ord(c) for c in MONO_TEXT},
        OUT / "BIZUDGothic-Bold-digits.ttf",
    )
    biz = characters(OUT / "BIZUDPGothic-Bold.ttf")
    rare = {
        code
        for code in characters(noto) - biz
        if code > 0x7F
        and (is_jis_2004(code) or 0x20000 <= code < 0x30000 or 0xF900 <= code < 0xFB00)
    }
    cut(noto, rare, OUT / "RareKanji-Bold.otf", family="Choba Rare Kanji")
    lines = [
        f"{path.name} {ranges(characters(path))}"
        for path in sorted(OUT.iterdir())
        if path.suffix in (".ttf", ".otf")
    ]
    (OUT / "coverage.txt").write_text("\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:4]))
