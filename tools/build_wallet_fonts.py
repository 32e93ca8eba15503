"""Cut the wallet's fonts to the words it says. Run after a change of words, scripts or templates.

    python tools/build_wallet_fonts.py BIZ_UDPGOTHIC_DIR BIZ_UDGOTHIC_DIR

Both are unpacked npm packages, ``@expo-google-fonts/biz-udpgothic`` and
``@expo-google-fonts/biz-udgothic``. Needs fontTools and brotli. A file's name carries the digest of
its content, so browsers keep it for good; ``tokens.css`` is rewritten between its marks, and
``coverage.txt`` lists what each file can draw, for the test that compares it with the words. Names
of shops outside of it fall back to the phone's own font.
"""

import hashlib
import re
import sys
from io import BytesIO
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from server.web.wallet.characters import every_character, mono_characters  # noqa: E402

STATIC = ROOT / "server" / "web" / "wallet" / "static"
FONTS = STATIC / "fonts"
FACES = (
    ("choba-udp-400", 0, "400Regular/BIZUDPGothic_400Regular.ttf", "Choba UDP", "400"),
    ("choba-udp-700", 0, "700Bold/BIZUDPGothic_700Bold.ttf", "Choba UDP", "700"),
    ("choba-ud-700", 1, "700Bold/BIZUDGothic_700Bold.ttf", "Choba UD", "400 700"),
)
MARKS = re.compile(r"(/\* fonts:begin .*?\*/\n).*?(/\* fonts:end \*/)", re.DOTALL)


def cut(source: Path, text: str) -> tuple[bytes, str]:
    """The font with only ``text`` in it, as woff2, and what it can draw of that."""
    options = subset.Options(flavor="woff2", layout_features=["kern", "palt", "tnum"])
    options.drop_tables += ["DSIG"]
    font = subset.load_font(str(source), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=text)
    subsetter.subset(font)
    out = BytesIO()
    subset.save_font(font, out, options)
    drawn = TTFont(BytesIO(out.getvalue())).getBestCmap()
    return out.getvalue(), "".join(sorted(chr(code) for code in drawn))


def main(sources: list[Path]) -> None:
    for old in FONTS.glob("*.woff2"):
        old.unlink()
    rules, coverage = [], []
    for name, package, path, family, weight in FACES:
        text = mono_characters() if package else every_character()
        data, drawn = cut(sources[package] / path, text)
        file = f"{name}.{hashlib.sha256(data).hexdigest()[:12]}.woff2"
        (FONTS / file).write_bytes(data)
        rules.append(
            f'@font-face {{ font-family: "{family}"; font-weight: {weight}; font-display: swap; '
            f'src: url(fonts/{file}) format("woff2"); }}\n'
        )
        coverage.append(f"{file}\t{drawn}\n")
        print(f"{file}: {len(data)} bytes, {len(drawn)} characters")
        if missing := set(text) - set(drawn):
            print(f"  not in the font: {''.join(sorted(missing))}")
    (FONTS / "coverage.txt").write_text("".join(coverage), "utf-8")
    tokens = STATIC / "tokens.css"
    css = tokens.read_text("utf-8")
    tokens.write_text(MARKS.sub(lambda m: m[1] + "".join(rules) + m[2], css), "utf-8")


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:3]])
