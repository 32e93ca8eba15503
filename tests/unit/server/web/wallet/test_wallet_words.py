"""The words themselves: all used, all drawn by the fonts, none of them forbidden."""

import hashlib
import re
import string
from pathlib import Path

import pytest

from server.payments import RefusalCode
from server.web.wallet.characters import every_character, mono_characters
from server.web.wallet.refusals import FACES
from server.web.wallet.words import WORDS

ROOM = Path(__file__).resolve().parents[5] / "server" / "web" / "wallet"
SOURCES = [
    *ROOM.rglob("*.html"),
    *ROOM.rglob("*.py"),
    *(ROOM / "static").glob("*.js"),
    *(ROOM.parents[1] / "directory").glob("s*.py"),
]


def all_text() -> str:
    return "\n".join(path.read_text("utf-8") for path in SOURCES)


def test_nothing_is_ever_called_a_failure() -> None:
    for path in SOURCES:
        text = path.read_text("utf-8")
        assert "失敗" not in text, path.name
    english = " ".join(en for _, en in WORDS.values())
    english += " ".join(face.en + face.text_en for face in FACES.values())
    assert not re.search(r"\bfail", english, re.IGNORECASE)


def test_nobody_clicks_on_a_phone() -> None:
    assert "クリック" not in all_text()


@pytest.mark.parametrize("key", sorted(WORDS))
def test_every_word_is_used(key: str) -> None:
    if key.startswith(("error.", "pay.amount_")):
        return  # the error page and the amount's problems put their keys together
    uses = [p for p in SOURCES if p.name != "words.py" and key in p.read_text("utf-8")]
    assert uses, f"{key} is used nowhere"


@pytest.mark.parametrize("key", sorted(WORDS))
def test_both_languages_say_the_same_fields(key: str) -> None:
    ja, en = ({f for _, f, _, _ in string.Formatter().parse(text) if f} for text in WORDS[key])
    assert ja == en


def test_every_refusal_has_a_face() -> None:
    assert set(FACES) == set(RefusalCode)


def test_the_fonts_draw_every_word() -> None:
    fonts = ROOM / "static" / "fonts"
    css = (ROOM / "static" / "tokens.css").read_text("utf-8")
    lines = (fonts / "coverage.txt").read_text("utf-8").splitlines()
    assert len(lines) == 3
    for line in lines:
        name, drawn = line.split("\t", 1)
        digest = hashlib.sha256((fonts / name).read_bytes()).hexdigest()[:12]
        assert f".{digest}." in name, f"{name} is not what its name says"
        assert f"fonts/{name}" in css
        wanted = mono_characters() if name.startswith("choba-ud-") else every_character()
        missing = set(wanted) - set(drawn)
        assert not missing, f"{name}: run tools/build_wallet_fonts.py for {sorted(missing)}"
