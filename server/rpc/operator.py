"""OperatorService: for the choba command and the operator's own systems."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from protos.choba.v1 import operator_service_pb2 as pb
from protos.choba.v1.operator_service_pb2_grpc import OperatorServiceServicer
from protos.operation.logs import say
from protos.units import Micros, TerminalId, TerminalNumber
from server.fleet import Fleet
from server.ledger import TrialBalance
from server.rpc.calls import Context, principal
from server.rpc.errors import plain_text, whole_number
from server.rpc.guards import Operator

log = logging.getLogger(__name__)

_SHORTEST_CODE_SECONDS = 60
_LATEST = 253_402_300_799_999_999
"""The end of the year 9999: what comes after is no time that somebody meant."""
_LONGEST_CODE_SECONDS = 7 * 86_400
_LONGEST_WHY = 500


@dataclass(frozen=True, slots=True)
class TerminalLine:
    """One terminal in the operator's list."""

    terminal_id: TerminalId
    name: str
    shop_name: str
    number: TerminalNumber | None
    last_seen_at: Micros


class HouseCalls:
    """Terminals and the books as a whole. Every call is logged with the operator's name."""

    def __init__(
        self,
        *,
        fleet: Fleet,
        terminals: Callable[[], Awaitable[tuple[TerminalLine, ...]]],
        trial_balance: Callable[[Micros | None], Awaitable[TrialBalance]],
        code_seconds: int,
    ) -> None:
        self._fleet = fleet
        self._terminals = terminals
        self._trial_balance = trial_balance
        self._code_seconds = code_seconds

    async def IssuePairingCode(
        self, request: pb.IssuePairingCodeRequest, context: Context
    ) -> pb.IssuePairingCodeResponse:
        """The code before is void from now on."""
        terminal = TerminalId(plain_text("terminal_id", request.terminal_id, 1, 64))
        seconds = request.valid_seconds or self._code_seconds
        whole_number("valid_seconds", seconds, _SHORTEST_CODE_SECONDS, _LONGEST_CODE_SECONDS)
        issued = await self._fleet.issue_pairing_code(
            terminal, operator_name(), seconds, request.why[:_LONGEST_WHY]
        )
        return pb.IssuePairingCodeResponse(code=issued.code, expires_at_micros=issued.expires_at)

    async def ListTerminals(
        self, request: pb.ListTerminalsRequest, context: Context
    ) -> pb.ListTerminalsResponse:
        """Every counter terminal and stand."""
        say(log, logging.INFO, "operator lists terminals", by=operator_name())
        lines = [
            pb.TerminalSummary(
                terminal_id=line.terminal_id,
                terminal_name=line.name,
                shop_name=line.shop_name,
                terminal_number=line.number or 0,
                last_seen_micros=line.last_seen_at,
            )
            for line in await self._terminals()
        ]
        return pb.ListTerminalsResponse(terminals=lines)

    async def GetTrialBalance(
        self, request: pb.GetTrialBalanceRequest, context: Context
    ) -> pb.GetTrialBalanceResponse:
        """Debits and credits of every account; the totals are equal, always."""
        whole_number("at_micros", request.at_micros, 0, _LATEST)
        say(log, logging.INFO, "operator reads the trial balance", by=operator_name())
        at = Micros(request.at_micros) if request.at_micros else None
        balance = await self._trial_balance(at)
        return pb.GetTrialBalanceResponse(
            accounts=[
                pb.AccountBalance(
                    account=line.account,
                    debit_yen=line.debit,
                    credit_yen=line.credit,
                    name_ja=line.name.ja,
                    name_en=line.name.en,
                )
                for line in balance.lines
            ],
            total_debit_yen=balance.total_debit,
            total_credit_yen=balance.total_credit,
        )


def operator_servicer(*areas: object) -> OperatorServiceServicer:
    """The whole service from its areas: each method of the contract stands in exactly one.

    Raises TypeError for a method that no area has, or two.
    """
    found: dict[str, Any] = {}
    for method in pb.DESCRIPTOR.services_by_name["OperatorService"].methods:
        owners = [area for area in areas if hasattr(area, method.name)]
        if len(owners) != 1:
            raise TypeError(f"OperatorService.{method.name}: {len(owners)} areas have it")
        found[method.name] = staticmethod(getattr(owners[0], method.name))
    made: type[OperatorServiceServicer] = type(
        "OperatorServicer", (OperatorServiceServicer,), found
    )
    return made()


def operator_name() -> str:
    """Who makes the call that runs now."""
    operator: Operator = principal(Operator)
    return operator.name
