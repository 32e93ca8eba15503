"""The counter's cables are really pulled: it goes on, tells a true code from a false one, and
learns of everything when they are plugged in again."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from protos.qr_token import parse, token_text_of
from protos.units import SaleNumber
from server.directory import Keyring
from server.state import KeyFiles
from tests.support.house import Cables, House, a_cabled_house, until, wait_online
from tools.harness.customer import Receipt

pytestmark = pytest.mark.journey

# pixels of the 800x480 screen: what is written there
AMOUNT, BACK, MENU, OFFLINE_CHECK = (606, 362), (50, 26), (696, 436), (205, 232)
CODE_FIELD, CHECK_IT = (208, 248), (208, 402)
TRY_AGAIN, STOP, NEXT = (518, 423), (166, 423), (526, 422)
COLUMNS, ROWS = (475, 600, 725), (108, 212, 316, 420)
KEYS = {
    digit: (COLUMNS[place % 3], ROWS[place // 3]) for place, digit in enumerate("789456123")
} | {"0": (475, 420)}


@pytest.fixture
def cabled(tmp_path: Path) -> Iterator[tuple[House, Cables]]:
    with a_cabled_house(tmp_path) as cabled:
        yield cabled


def test_without_network_the_counter_sells_checks_and_catches_up(
    cabled: tuple[House, Cables],
) -> None:
    house, cables = cabled
    device = house.stack.device
    assert device is not None
    first = sale_of(house, house.stack.read_qr())
    cables.pull(device)

    # each tap that brings the QR back takes a new number; every token is genuine
    numbers = [first]
    for _ in range(2):
        house.tap_to("Amount", AMOUNT)
        house.tap_to("Standby", BACK)
        numbers.append(sale_of(house, house.stack.read_qr()))
    assert numbers == sorted(set(numbers))

    # the customers' phones have a network of their own
    checked = house.customer().pay(house.stack.read_qr(), 1_205)
    assert house.told(checked.payment_id) is None
    check_offline(house, checked)
    late = house.customer().pay(house.stack.read_qr(), 730)
    assert house.told(late.payment_id) is None
    # staff turn to the next customer; a sale still in front would be told as new
    house.tap_to("Amount", AMOUNT)
    house.tap_to("Standby", BACK)

    before = len(device.lines)
    cables.to_server.plug()
    cables.to_broker.plug()
    wait_online(device, after=before)  # nobody has to tap anything
    caught_up(house, checked, "by_code")
    caught_up(house, late, "late")
    keep_picture(house, "late")
    assert house.findings() == []
    assert house.ask_journal("SELECT COUNT(*), SUM(amount) FROM payments") == [(2, 1_935)]
    assert house.ask_books("SELECT COUNT(*), SUM(amount) FROM payments") == [(2, 1_935)]


def sale_of(house: House, qr: str) -> SaleNumber:
    """The sale number of a QR, which must be this terminal's and fresh."""
    keyring = Keyring(KeyFiles(house.stack.server_dir / "keys").master_key().reveal())
    sealed = parse(token_text_of(qr))
    assert sealed.is_genuine(keyring.terminal_keys(sealed.token.terminal).qr)
    assert abs(sealed.token.minted_at - time.time()) < 35
    return sealed.token.sale


def check_offline(house: House, paid: Receipt) -> None:
    """A wrong code, the true one, and the true one again."""
    wrong = f"{(int(paid.code) + 1) % 1_000_000:06}"
    key_in(house, 1_205, wrong, "CodeFalse")
    assert misses(house) == 1
    keep_picture(house, "no-match")
    house.tap_to("OfflineEntry", TRY_AGAIN)
    house.tap_to("CodeTrue", *(KEYS[digit] for digit in paid.code), CHECK_IT)
    assert misses(house) == 0
    keep_picture(house, "genuine")
    house.tap_to("Standby", NEXT)
    key_in(house, 1_205, paid.code, "CodeFalse")
    keep_picture(house, "used")
    assert misses(house) == 0  # 使用済み is no guess
    house.tap_to("Standby", STOP)
    key_in(house, 1_206, paid.code, "CodeFalse")
    assert misses(house) == 1  # the code of another amount
    house.tap_to("Standby", STOP)


def key_in(house: House, amount: int, code: str, shows: str) -> None:
    """メニュー, オフライン確認, the amount, the code, 確かめる."""
    house.tap_to("Menu", MENU)
    house.tap_to("OfflineEntry", OFFLINE_CHECK)
    house.tap(*(KEYS[digit] for digit in str(amount)))
    house.tap_to(shows, CODE_FIELD, *(KEYS[digit] for digit in code), CHECK_IT)


def misses(house: House) -> int:
    """Wrong codes that the counter has counted towards its lock."""
    rows = house.ask_journal("SELECT value FROM kv WHERE key = 'lockout'")
    return int(json.loads(rows[0][0])["misses"]) if rows else 0


def keep_picture(house: House, name: str) -> None:
    """For whoever looks into a failure."""
    house.stack.picture().rename(house.stack.plan.folder / f"{name}.png")


def caught_up(house: House, paid: Receipt, telling: str) -> None:
    """Known and printed once, and never spoken as new."""
    payment = paid.payment_id

    def settled() -> bool:
        told = house.told(payment)
        return told is not None and [phase for _, phase in told.prints] == ["printed"]

    until("the counter has caught up", settled)
    told = house.told(payment)
    assert told is not None
    assert told.telling == telling
    assert house.spoken(payment) == 0
    assert [slip.marked for slip in house.slips(paid)] == [False]
