"""Accounts, entries, postings, the posting engine, audit. Knows no vouchers and no payments."""

from server.ledger.account_names import ACCOUNT_NAMES, AccountName
from server.ledger.accounts import (
    allocate,
    last_sequence,
    last_sequences,
    ledger_id,
    lock_owner,
    lock_stream,
    open_account,
    open_accounts,
    open_lane,
    open_stream,
)
from server.ledger.audit import Audit, Progress, no_progress
from server.ledger.books import Books, BooksError
from server.ledger.bulk_posting import post_patiently
from server.ledger.customer_entries import CustomerEntry, customer_entries
from server.ledger.cuts import cut_at
from server.ledger.due import due_wallets
from server.ledger.engine import PostingEngine
from server.ledger.entries import (
    Entry,
    PostingLine,
    count_entries,
    entries_of,
    entry_by_id,
    subjects_of,
)
from server.ledger.gaps import Gap, gap_after, restored_at, skip_all, skip_heard, skipped_until
from server.ledger.head_keys import HeadKey, PublicKeys, key_id_of
from server.ledger.head_statement import SignedHead, StatementError, parse_file
from server.ledger.heads import (
    SIGN_EVERY,
    all_signed_heads,
    sign_heads,
    sign_heads_if_due,
    signed_heads_after,
)
from server.ledger.issued import IssuedLot, issued_lots, postings_of
from server.ledger.lines import LineReader, LotLine
from server.ledger.lot_flows import LotFlow, lot_flows
from server.ledger.pay_in import PayIn, PayInOutcome, PayIns, PaySource
from server.ledger.posting import (
    LedgerClock,
    Poster,
    Postponed,
    StolenRow,
    database_clock,
    deciding_clock,
    process_clock,
)
from server.ledger.ranges import (
    CustomerMoves,
    LaneRange,
    accounts_of,
    customer_moves,
    lock_lanes,
    newest_instant,
    raise_floors,
)
from server.ledger.rules import Accept, Booked, Decline, PostingRules, WalletsOnly
from server.ledger.trial_balance import TrialBalance, TrialBalanceLine, trial_balance
from server.ledger.types import (
    NO_LOT,
    OPERATOR,
    AccountId,
    AccountKind,
    Booking,
    EntryDraft,
    LaneId,
    LedgerError,
    LotId,
    NewLot,
    OpenLot,
    Operation,
    OwnerKey,
    PostingDraft,
    StreamId,
    Unit,
    Wallet,
)
from server.ledger.verify import verify_ledger
from server.ledger.verify_heads import check_heads
from server.ledger.wallets import WalletReader

__all__ = [
    "ACCOUNT_NAMES",
    "NO_LOT",
    "OPERATOR",
    "SIGN_EVERY",
    "Accept",
    "AccountId",
    "AccountKind",
    "AccountName",
    "Audit",
    "Booked",
    "Booking",
    "Books",
    "BooksError",
    "CustomerEntry",
    "CustomerMoves",
    "Decline",
    "Entry",
    "EntryDraft",
    "Gap",
    "HeadKey",
    "IssuedLot",
    "LaneId",
    "LaneRange",
    "LedgerClock",
    "LedgerError",
    "LineReader",
    "LotFlow",
    "LotId",
    "LotLine",
    "NewLot",
    "OpenLot",
    "Operation",
    "OwnerKey",
    "PayIn",
    "PayInOutcome",
    "PayIns",
    "PaySource",
    "Poster",
    "PostingDraft",
    "PostingEngine",
    "PostingLine",
    "PostingRules",
    "Postponed",
    "Progress",
    "PublicKeys",
    "SignedHead",
    "StatementError",
    "StolenRow",
    "StreamId",
    "TrialBalance",
    "TrialBalanceLine",
    "Unit",
    "Wallet",
    "WalletReader",
    "WalletsOnly",
    "accounts_of",
    "all_signed_heads",
    "allocate",
    "check_heads",
    "count_entries",
    "customer_entries",
    "customer_moves",
    "cut_at",
    "database_clock",
    "deciding_clock",
    "due_wallets",
    "entries_of",
    "entry_by_id",
    "gap_after",
    "issued_lots",
    "key_id_of",
    "last_sequence",
    "last_sequences",
    "ledger_id",
    "lock_lanes",
    "lock_owner",
    "lock_stream",
    "lot_flows",
    "newest_instant",
    "no_progress",
    "open_account",
    "open_accounts",
    "open_lane",
    "open_stream",
    "parse_file",
    "post_patiently",
    "postings_of",
    "process_clock",
    "raise_floors",
    "restored_at",
    "sign_heads",
    "sign_heads_if_due",
    "signed_heads_after",
    "skip_all",
    "skip_heard",
    "skipped_until",
    "subjects_of",
    "trial_balance",
    "verify_ledger",
]
