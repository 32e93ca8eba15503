"""Who calls: a terminal by its certificate, a customer or an operator by a bearer token."""

from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from protos.operation.redaction import Secret
from protos.units import TerminalId, UserId
from server.directory.signin import SessionToken, SignIn
from server.fleet import Fleet, FleetReason, FleetRefused, TerminalIdentity
from server.fleet.authority import serial_text
from server.operators import OperatorReason, OperatorRefused, Operators
from server.refusal import RefusalKind
from server.remembered import Remembered
from server.rpc.calls import Context
from server.rpc.errors import unauthenticated
from server.rpc.operator_rights import may_call

_CONNECTIONS = 16_384
_CERTIFICATES = 4096
_BEARER = "bearer "
_LONGEST_TOKEN = 256


@dataclass(frozen=True, slots=True)
class Customer:
    """A signed-in customer."""

    user: UserId


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator by the name that stands beside the token."""

    name: str


class Anybody:
    """Enrolment, health, reflection: the call itself proves what has to be proved."""

    async def __call__(self, method: str, context: Context) -> object:
        """Nobody in particular."""
        return None


class TerminalGuard:
    """The certificate's common name, its serial looked up at every call; and which start of the
    device speaks on this connection."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._boots: Final[Remembered[tuple[TerminalId, str], str]] = Remembered(_CONNECTIONS)
        self._names: Final[Remembered[bytes, tuple[str, str]]] = Remembered(_CERTIFICATES)

    async def __call__(self, method: str, context: Context) -> TerminalIdentity:
        """Refused: CERTIFICATE_*, BLOCKED; CONNECT_FIRST on a connection whose start of the
        device another one has followed: its next Connect decides whether that is a clone."""
        name, serial = self._certificate(context)
        identity = await self._fleet.authenticate(name, serial)
        boot = self._boots.get((identity.terminal_id, context.peer()))
        if boot is not None and boot != identity.boot_id and not method.endswith("/Connect"):
            raise FleetRefused(FleetReason.CONNECT_FIRST)
        return identity

    def connected(self, identity: TerminalIdentity, context: Context, boot_id: str) -> None:
        """This connection belongs to this start of the device."""
        self._boots.put((identity.terminal_id, context.peer()), boot_id)

    def _certificate(self, context: Context) -> tuple[str, str]:
        """Common name and serial of the peer's certificate; TLS has verified its chain."""
        pems = tuple(context.auth_context().get("x509_pem_cert", ()))
        if not pems:
            raise FleetRefused(FleetReason.CERTIFICATE_UNKNOWN)
        pem = bytes(pems[0])
        known = self._names.get(pem)
        if known is None:
            certificate = x509.load_pem_x509_certificate(pem)
            names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
            if len(names) != 1:
                raise FleetRefused(FleetReason.CERTIFICATE_UNKNOWN)
            known = (str(names[0].value), serial_text(certificate.serial_number))
            self._names.put(pem, known)
        return known


class CustomerGuard:
    """A session of the wallet; signing in and looking at a QR need none."""

    _OPEN = ("/SignIn", "/LookUpSale")

    def __init__(self, signin: SignIn) -> None:
        self._signin = signin

    async def __call__(self, method: str, context: Context) -> Customer | None:
        """Raises CallError UNAUTHENTICATED."""
        if method.endswith(self._OPEN):
            return None
        user = await self._signin.user_of(SessionToken(bearer(context).reveal()))
        if user is None:
            raise unauthenticated("The session is over. Please sign in again.")
        return Customer(user)


class OperatorGuard:
    """A token of ``keys/operators``, and what its role may do."""

    def __init__(self, operators: Operators) -> None:
        self._operators = operators

    async def __call__(self, method: str, context: Context) -> Operator:
        """Raises CallError UNAUTHENTICATED, OperatorRefused ROLE."""
        line = self._operators.by_token(bearer(context))
        if line is None:
            raise unauthenticated("The operator's token is not valid here.")
        if not may_call(line.role, method):
            name = method.rpartition("/")[2]
            raise OperatorRefused(
                OperatorReason.ROLE,
                RefusalKind.DENIED,
                f"{name} は、役割「{line.role.value}」では実行できません。",
                f"{name} is not for the role {line.role.value}.",
            )
        return Operator(line.name)


def bearer(context: Context) -> Secret[str]:
    """The token of "authorization: Bearer <token>". Raises CallError UNAUTHENTICATED."""
    for name, value in context.invocation_metadata() or ():
        if name == "authorization" and isinstance(value, str):
            if value[: len(_BEARER)].lower() == _BEARER and len(value) < _LONGEST_TOKEN:
                return Secret(value[len(_BEARER) :].strip())
            break
    raise unauthenticated('Metadata "authorization: Bearer <token>" is needed.')
