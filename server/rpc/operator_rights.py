"""Which role may call which method of OperatorService. A method that is not here is refused."""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from server.operators import Role


class Right(Enum):
    """What a method does, and so who may call it and whether it leaves an act."""

    READ = (frozenset({Role.ADMIN, Role.OFFICE, Role.AUDITOR}), False)
    """Changes nothing."""
    WORK = (frozenset({Role.ADMIN, Role.OFFICE}), True)
    """Writes, as the office's daily work."""
    CARRY = (frozenset({Role.ADMIN, Role.OFFICE}), False)
    """Decides nothing: shows what would be done, or goes on with what an act decided before."""
    GOVERN = (frozenset({Role.ADMIN}), True)
    """Writes what the house itself rests on."""
    PAY = (frozenset({Role.WALLET}), False)
    """A customer's own payments, told by a program: the books hold them, no act besides."""

    def __init__(self, roles: frozenset[Role], leaves_an_act: bool) -> None:
        self.roles = roles
        self.leaves_an_act = leaves_an_act


METHODS: Final[Mapping[str, Right]] = MappingProxyType(
    {
        "IssuePairingCode": Right.GOVERN,
        "ListTerminals": Right.READ,
        "GetTrialBalance": Right.READ,
        "ListActs": Right.READ,
        "PayMany": Right.PAY,
        "GrantPoints": Right.WORK,
        "Charge": Right.WORK,
        "CancelGrant": Right.WORK,
        "SetExpiryRule": Right.GOVERN,
        "PreviewBulk": Right.CARRY,
        "ConfirmBulk": Right.WORK,
        "GetBulk": Right.READ,
        "ResumeBulk": Right.CARRY,
        "CancelBulk": Right.WORK,
        "SetCampaignTerms": Right.GOVERN,
        "ImportEligibility": Right.WORK,
        "UnlockResident": Right.WORK,
        "FreezeApplications": Right.WORK,
        "DownloadApplications": Right.READ,
        "HoldDraw": Right.WORK,
        "DownloadDrawResult": Right.READ,
        "ImportCollected": Right.WORK,
        "IssuePurchases": Right.CARRY,
        "ReleaseOrders": Right.WORK,
        "GetCampaignReport": Right.READ,
        "CancelPayment": Right.WORK,
        "RecordCashRefund": Right.WORK,
        "ListCashRefunds": Right.READ,
        "SetExpiredLotRule": Right.GOVERN,
        "RunExpiry": Right.WORK,
        "CloseAccount": Right.WORK,
        "RecordPayIn": Right.WORK,
        "SignHeads": Right.WORK,
        "ListSignedHeads": Right.READ,
        "PreviewClose": Right.READ,
        "RunClose": Right.WORK,
        "ListCloses": Right.READ,
        "GetClose": Right.READ,
        "GetSchedule": Right.READ,
        "SetSchedule": Right.GOVERN,
        "SearchTransactions": Right.READ,
        "ExportTransactions": Right.READ,
        "GetResults": Right.READ,
        "ExportResults": Right.READ,
        "SetPayoutSettings": Right.GOVERN,
        "SetOneTransfer": Right.WORK,
        "AskForBankDetails": Right.WORK,
        "DecideBankDetails": Right.WORK,
        "ListBankDetails": Right.READ,
        "ProposeCorrection": Right.WORK,
        "DecideCorrection": Right.WORK,
        "ListCorrections": Right.READ,
        "PreviewPayouts": Right.READ,
        "DraftPayouts": Right.WORK,
        "MoveBulk": Right.WORK,
        "MakePayoutFile": Right.WORK,
        "ReturnTransfer": Right.WORK,
        "ListBulks": Right.READ,
        "GetBulkOfPayouts": Right.READ,
        "MakeStatements": Right.READ,
        "MakeInvoice": Right.READ,
        "CheckDeposit": Right.READ,
        "EnterDeposit": Right.WORK,
        "ImportDeposits": Right.WORK,
        "ListDeposits": Right.READ,
        "GetPayoutSettings": Right.READ,
    }
)
"""Every method of the contract; a test compares the two, and holds each that writes to an act."""


def may_call(role: Role, method: str) -> bool:
    """``method``: its full name, as gRPC gives it."""
    right = METHODS.get(method.rpartition("/")[2])
    return right is not None and role in right.roles
