"""The counter's times and bounds, with the source of each."""

from typing import Final

from device.core.japan_time import SECOND

QR_ROTATION_MS: Final = 30_000
"""A new token each 30 s (PRODUCT, stand by)."""
FIXED_AMOUNT_MS: Final = 120_000
"""How long a QR with a fixed amount waits: as long as its first token is fresh."""
CLAIM_MAX_MS: Final = 90_000
"""A claim lasts 90 s at most."""
CLAIM_GRACE_MS: Final = 1_000
"""The server's clock decides; ours may be this much ahead."""
RESOLVE_DEADLINE_MS: Final = 5_000
RESOLVE_LOST_MS: Final = 6_500
"""After it a question without any answer counts as unanswered."""
RESOLVE_FIRST_DELAY_MS: Final = 1_000
RESOLVE_MAX_DELAY_MS: Final = 32_000
"""1, 2, 4, 8, 16, 32 s."""
CHECKING_MS: Final = 60_000
"""確認中 on the screen; then it goes to the list and is asked for behind it."""
BACKGROUND_MS: Final = 60_000
"""Between two questions about a sale in the list."""
BACKGROUND_AT_ONCE: Final = 4
"""Questions under way about sales that are not in front."""
PAID_MS: Final = 20_000
PAID_LEAST_MS: Final = 4_000
"""The next payment waits this long."""
SPEECH_LOST_MS: Final = 15_000
"""A voice that doesn't report its end counts as failed."""
WAITING_MAX: Final = 8
"""Payments that wait for the paid screen; further ones are shown as 先ほどの."""
ON_TIME_US: Final = 120 * SECOND
"""Committed longer ago than this, a payment is not spoken as new."""
RELEARNT_US: Final = 600 * SECOND
"""After a lost journal: payments of the last 10 minutes are shown, older ones listed only."""
LATE_TAP_MS: Final = 700
"""A card that came this shortly before 見ました was not meant by it."""
ENDING_MS: Final = 6_000
REMARK_MS: Final = 4_000
CHECK_WINDOW_US: Final = 600 * SECOND
"""Offline check: this device's open sales of the last 10 minutes, at most 20."""
CHECK_CANDIDATES: Final = 20
CHECK_MISSES: Final = 5
LOCK_US: Final = (60 * SECOND, 300 * SECOND, 900 * SECOND)
"""1, then 5, then 15 minutes."""
LOCK_MEMORY_US: Final = 3_600 * SECOND
"""An hour after a lock's end the next lock is the first again."""
ENGLISH_IDLE_MS: Final = 60_000
PAGE_IDLE_MS: Final = 120_000
"""A page that nobody touches gives way to the QR."""
OUTAGE_MS: Final = 5_000
"""Shorter breaks of a link are not reported."""
PULL_MS: Final = 30_000
PULL_WITHOUT_BROKER_MS: Final = 2_000
PULL_LOST_MS: Final = 15_000
PULL_RETRY_MS: Final = 5_000
PUSH_BATCH: Final = 100
PUSH_LOST_MS: Final = 15_000
PUSH_RETRY_MS: Final = 5_000
PRINT_LOST_MS: Final = 60_000
"""A print that reports no end in this time has an unknown outcome."""
PRINTER_RETRY_MS: Final = 30_000
SHEETS_BY_ITSELF: Final = 4
"""An original and at most three marked sheets without anybody asking."""
MAX_JOBS: Final = 400
"""Slips that wait; further ones can be printed from the list."""
KNOCKS: Final = 3
KNOCK_MS: Final = 30_000
JOURNAL_RETRY_MS: Final = 30_000
MAX_KEYED: Final = 9_999_999
"""As far as the keypad goes (seven digits)."""
MAX_PAYMENTS: Final = 3_000
"""Payments in memory; the journal keeps all."""
MAX_SHEETS: Final = 2 * MAX_PAYMENTS
"""Subjects whose sheets are counted in memory."""
MAX_ABOVE_GAP: Final = 1_000
"""Sequences above a gap that are remembered; the pull fills the gap long before."""
