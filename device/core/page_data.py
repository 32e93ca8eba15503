"""Where staff are and what they keyed in, with the offline check."""

from dataclasses import dataclass
from enum import Enum, StrEnum

from device.core.intents import CheckField
from device.core.japan_time import MonoMs
from device.core.language import Language
from protos.units import Micros, SaleNumber, Yen


@dataclass(frozen=True, slots=True)
class Lockout:
    """Misses of the offline check; survives a restart."""

    misses: int = 0
    level: int = 0
    """Locks so far: the next lasts 1, then 5, then 15 minutes."""
    locked_at: Micros = Micros(0)
    locked_until: Micros = Micros(0)


class Verdict(Enum):
    """What the offline check said."""

    GENUINE = "genuine"
    NO_MATCH = "no_match"
    ALREADY_USED = "already_used"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The last verdict and what it was about."""

    verdict: Verdict
    amount: Yen
    code: str
    sale: SaleNumber | None


@dataclass(frozen=True, slots=True)
class CodeCheck:
    """The two fields of the offline check and its result."""

    amount: Yen = Yen(0)
    code: str = ""
    focus: CheckField = CheckField.AMOUNT
    about: SaleNumber | None = None
    """The sale in doubt from which it was opened; its fixed amount can't be changed."""
    result: CheckResult | None = None


class Page(StrEnum):
    """What staff opened. COUNTER: whatever the sale machine shows."""

    COUNTER = "counter"
    AMOUNT = "amount"
    CODE_CHECK = "code_check"
    TODAY = "today"
    MENU = "menu"
    NETWORK = "network"
    NOTICES = "notices"


class Remark(StrEnum):
    """What a tap just did, said for some seconds on the page where it was tapped."""

    REPRINTING = "reprinting"
    DAY_REPORT_PRINTING = "day_report_printing"
    NO_PRINTER = "no_printer"


@dataclass(frozen=True, slots=True)
class Navigation:
    """Where staff are."""

    page: Page = Page.COUNTER
    trail: tuple[Page, ...] = ()
    """The pages under this one, for 戻る; at most 4."""
    amount: Yen = Yen(0)
    check: CodeCheck = CodeCheck()
    list_page: int = 0
    """From 0."""
    selected: int | None = None
    """Row on the page, from 0."""
    language: Language = Language.JA
    touched_at: MonoMs = MonoMs(0)
    remark: Remark | None = None
    remark_until: MonoMs = MonoMs(0)
