"""The cards of 通信と機器: each part's light and a sentence that a shopkeeper understands. Pure."""

from device.core.language import Bilingual
from device.core.printing_data import PaperState, PrinterState
from device.core.state import Clock, Health, LinkState, Part, PartStatus, State
from device.ui import views

_LIGHTS = {
    Health.OK: views.PartLight.OK,
    Health.WARN: views.PartLight.WARN,
    Health.OFF: views.PartLight.OFF,
    Health.UNKNOWN: views.PartLight.UNKNOWN,
}
_NOT_ASKED = Bilingual("まだ調べていません", "Not checked yet")
_SENTENCES = {
    (Part.CABLE, Health.OK): Bilingual("つながっています", "Connected"),
    (Part.CABLE, Health.WARN): Bilingual(
        "抜けています。ほかで通信中", "Unplugged, another link is used"
    ),
    (Part.CABLE, Health.OFF): Bilingual("抜けています", "Unplugged"),
    (Part.WIFI, Health.OK): Bilingual("電波は良好です", "Good signal"),
    (Part.WIFI, Health.WARN): Bilingual("電波が弱いです", "Weak signal"),
    (Part.WIFI, Health.OFF): Bilingual("つながっていません", "Not connected"),
    (Part.MOBILE, Health.OK): Bilingual("電波は良好です", "Good signal"),
    (Part.MOBILE, Health.WARN): Bilingual("電波が弱いです", "Weak signal"),
    (Part.MOBILE, Health.OFF): Bilingual("電波が届きません", "No signal"),
}
_PRINTER = {
    PrinterState.READY: (views.PartLight.OK, Bilingual("使えます", "Ready")),
    PrinterState.PAPER_OUT: (views.PartLight.OFF, Bilingual("紙がありません", "Out of paper")),
    PrinterState.COVER_OPEN: (views.PartLight.OFF, Bilingual("ふたが開いています", "Cover open")),
    PrinterState.SILENT: (
        views.PartLight.OFF,
        Bilingual("応えません。電源と線を見てください", "No answer: check power and cable"),
    ),
    PrinterState.FAULT: (
        views.PartLight.OFF,
        Bilingual("故障のようです。電源を入れなおしてください", "Fault: switch it off and on"),
    ),
    PrinterState.UNKNOWN: (views.PartLight.UNKNOWN, Bilingual("まだわかりません", "Not known yet")),
    PrinterState.ABSENT: (
        views.PartLight.UNKNOWN,
        Bilingual("この端末にはありません", "None on this terminal"),
    ),
}
_PAPER = {
    PaperState.ENOUGH: (views.PartLight.OK, Bilingual("足りています", "Enough")),
    PaperState.LOW: (
        views.PartLight.WARN,
        Bilingual("残りわずか。替えのご用意を", "Running low"),
    ),
    PaperState.OUT: (views.PartLight.OFF, Bilingual("ありません", "Out")),
    PaperState.UNKNOWN: (
        views.PartLight.UNKNOWN,
        Bilingual("プリンターが教えてくれません", "The printer doesn't tell"),
    ),
}


def part_rows(state: State) -> tuple[views.PartRow, ...]:
    """The eight cards, in the order of the screen."""
    printer, paper = state.printing.printer, state.printing.paper
    return (
        _probed(state, Part.CABLE, views.Part.CABLE),
        _probed(state, Part.WIFI, views.Part.WIFI),
        _probed(state, Part.MOBILE, views.Part.MOBILE),
        _server(state),
        _messages(state),
        _clock(state),
        views.PartRow(views.Part.PRINTER, *_PRINTER[printer]),
        views.PartRow(views.Part.PAPER, *_PAPER[paper]),
    )


def _status(state: State, part: Part) -> PartStatus | None:
    return next((status for status in state.parts if status.part is part), None)


def _probed(state: State, part: Part, shown: views.Part) -> views.PartRow:
    status = _status(state, part)
    if status is None or status.health is Health.UNKNOWN:
        return views.PartRow(shown, views.PartLight.UNKNOWN, _NOT_ASKED)
    sentence = _SENTENCES[part, status.health]
    if status.name:
        sentence = Bilingual(f"{status.name}：{sentence.ja}", f"{status.name}: {sentence.en}")
    bars = status.value if part is not Part.CABLE else None
    return views.PartRow(shown, _LIGHTS[status.health], sentence, bars=bars)


def _server(state: State) -> views.PartRow:
    links = state.links
    match links.server:
        case LinkState.UP:
            trip = links.round_trip_ms
            slow = trip is not None and trip > 1_000
            return views.PartRow(
                views.Part.SERVER,
                views.PartLight.WARN if slow else views.PartLight.OK,
                Bilingual("応えが遅いです", "Slow to answer")
                if slow
                else Bilingual("すぐに応えています", "Answers at once"),
                None if trip is None else Bilingual(f"{trip} ms", f"{trip} ms"),
            )
        case LinkState.DOWN:
            sentence = Bilingual("応えません。QRは使えます", "No answer; the QR still works")
        case LinkState.REFUSED:
            sentence = Bilingual("この端末の登録を受け付けません", "Refuses this terminal")
    return views.PartRow(views.Part.SERVER, views.PartLight.OFF, sentence)


def _messages(state: State) -> views.PartRow:
    if state.links.broker is LinkState.UP:
        return views.PartRow(
            views.Part.MESSAGES,
            views.PartLight.OK,
            Bilingual("支払いがすぐ届きます", "Payments arrive at once"),
            Bilingual("受信中", "receiving"),
        )
    if state.links.server is LinkState.UP:
        return views.PartRow(
            views.Part.MESSAGES,
            views.PartLight.WARN,
            Bilingual("数秒ごとに取りに行っています", "Asking every few seconds"),
        )
    return views.PartRow(
        views.Part.MESSAGES, views.PartLight.OFF, Bilingual("届きません", "Nothing arrives")
    )


def _clock(state: State) -> views.PartRow:
    if state.now.clock is Clock.IMPLAUSIBLE:
        return views.PartRow(
            views.Part.CLOCK,
            views.PartLight.OFF,
            Bilingual("合っていません", "Not set"),
        )
    status = _status(state, Part.CLOCK)
    value = None
    if status is not None and status.value is not None:
        seconds = f"{abs(status.value) / 1_000:.1f}"
        value = Bilingual(f"差 {seconds}秒", f"{seconds} s off")
    return views.PartRow(
        views.Part.CLOCK, views.PartLight.OK, Bilingual("正しい時刻です", "Correct"), value
    )
