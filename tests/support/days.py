"""Steps of a random day for ``tests.support.playing``, and how they are drawn."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from server.directory import ServiceId
from server.payments import AgainOnStand
from server.refusal import Refusal
from tests.support.books import POINTS, VOUCHER, moment
from tests.support.model import (
    KISSATEN,
    MATSUYA,
    STAND,
    Pay,
)

START = moment(2024, 6, 10, 12)
END_OF_PLAY = moment(2024, 9, 5)
BUY_UNTIL, PAY_UNTIL, RELEASE_AT = (moment(2024, 7, day) for day in (1, 3, 10))
LISTED = ("市民0", "市民1")
"""On the eligibility list: the first is 80, the second 30."""
USERS = ("花子", "太郎", *LISTED)


@dataclass(frozen=True)
class Together:
    """At the same time at counters."""

    pays: tuple[Pay, ...]


@dataclass(frozen=True)
class Many:
    pays: tuple[Pay, ...]


@dataclass(frozen=True)
class Void:
    sale: int


@dataclass(frozen=True)
class Cancel:
    which: int
    key: int
    accept: bool


@dataclass(frozen=True)
class Refund:
    which: int
    leg: int
    amount: int
    key: int


@dataclass(frozen=True)
class Give:
    user: str
    service: ServiceId
    amount: int
    price: int
    key: int


@dataclass(frozen=True)
class File:
    """Lines by key: user and amount of points."""

    lines: tuple[tuple[int, tuple[str, int]], ...]


@dataclass(frozen=True)
class TakeBack:
    which: int
    key: int


@dataclass(frozen=True)
class Buy:
    user: str
    units: int
    key: int


@dataclass(frozen=True)
class Collect:
    which: int


@dataclass(frozen=True)
class Leave:
    user: str


@dataclass(frozen=True)
class Edge:
    """The next step happens when a lot expires or a payment closes, and ``off`` µs."""

    off: int


@dataclass(frozen=True)
class LastMoment:
    """Who holds the lot that expires next pays with all they have of it, at that and ``off`` µs."""

    off: int


@dataclass(frozen=True)
class Wait:
    seconds: int


@dataclass(frozen=True)
class Again:
    """Something that was asked before, once more: a retry that comes late."""

    which: int


class Expire: ...


class Release: ...


class Restart: ...


USER, KEY = st.sampled_from(USERS), st.integers(1, 8)
AMOUNT = st.sampled_from([0, 1, 60, 199, 350, 1000, 4000])
SOME = st.sampled_from([1, 60, 350])


def pays(*places: str) -> st.SearchStrategy[Pay]:
    built = st.builds(
        Pay,
        USER,
        st.integers(1, 40),
        st.sampled_from(places),
        st.integers(1, 40),
        AMOUNT,
        AMOUNT,
        st.booleans(),
    )
    return built.filter(lambda pay: pay.amount > 0)


ANYWHERE = pays(MATSUYA, MATSUYA, KISSATEN, STAND)
COUNTER = pays(MATSUYA, MATSUYA, KISSATEN)
PAYING = st.one_of(
    ANYWHERE,
    st.builds(Together, st.lists(COUNTER, min_size=2, max_size=8).map(tuple)),
    st.builds(Many, st.lists(ANYWHERE, min_size=2, max_size=20).map(tuple)),
    st.builds(Many, st.lists(ANYWHERE, min_size=1, max_size=10).map(lambda x: tuple(x + x))),
    st.builds(Again, st.integers(0, 40)),
    st.builds(LastMoment, st.sampled_from([-1, 0, 1])),
    st.builds(Void, st.integers(1, 9)),
)
TAKING_BACK = st.one_of(
    st.builds(Cancel, st.integers(0, 20), KEY, st.booleans()),
    st.builds(Cancel, st.integers(0, 20), st.integers(10, 99), st.booleans()),
    st.builds(Refund, st.integers(0, 9), st.integers(0, 1), SOME, KEY),
    st.builds(TakeBack, st.integers(0, 30), st.integers(1, 20)),
)
GIVING = st.one_of(
    st.builds(Give, USER, st.sampled_from([VOUCHER, POINTS]), SOME, st.sampled_from([0, 1]), KEY),
    st.builds(
        File,
        st.dictionaries(st.integers(1, 30), st.tuples(USER, SOME), min_size=1, max_size=6).map(
            lambda lines: tuple(lines.items())
        ),
    ),
    st.builds(Buy, st.sampled_from([*USERS, *LISTED]), st.sampled_from([1, 4, 6, 10]), KEY),
    st.builds(Collect, st.integers(0, 3)),
    st.builds(Collect, st.integers(0, 3)),
)
TIME = st.one_of(
    st.builds(Edge, st.sampled_from([-1, 0, 1])),
    st.builds(Edge, st.sampled_from([-1, 0, 1])),
    st.builds(Wait, st.sampled_from([61, 121, 3600, 86_400, 4 * 86_400])),
    st.builds(Wait, st.sampled_from([61, 20 * 86_400])),
    st.sampled_from([Expire(), Expire(), Release(), Restart()]),
    st.builds(Leave, USER),
)
DAYS = st.lists(st.one_of(PAYING, PAYING, TAKING_BACK, GIVING, TIME), min_size=12, max_size=40)


@dataclass(frozen=True)
class _Leg:
    transaction_id: str


class Shown:
    """What PayMany's answer leaves to the wallet backend to know."""

    def __init__(self, payment_id: str, shop_id: str, amount: int, ids: tuple[str, ...]) -> None:
        self.payment_id, self.shop_id, self.amount = payment_id, shop_id, amount
        self.legs = tuple(map(_Leg, ids))


def pay_key(pay: Pay) -> str:
    return f"key-of-this-day-{pay.key}"


def said_again(pay: Pay) -> AgainOnStand:
    return AgainOnStand.CONFIRMED if pay.again else AgainOnStand.NOT_SAID


def index_of(found: list[Any], wanted: object) -> int:
    return next(i for i, one in enumerate(found) if one is wanted)


def code(call: Callable[[], object]) -> str:
    """The refusal's code without its room; "" when it was done."""
    try:
        call()
    except Refusal as refusal:
        return str(refusal.code).split("_", 2)[2]
    return ""
