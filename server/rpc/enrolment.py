"""EnrolmentService: a device with a pairing code becomes a terminal."""

from protos.choba.v1 import enrolment_service_pb2 as pb
from protos.choba.v1.enrolment_service_pb2_grpc import EnrolmentServiceServicer
from server.fleet import EnrolmentRequest, Fleet
from server.rpc.calls import Context
from server.rpc.errors import invalid_field

_SIZES = {
    "pairing_id": (16, 16),
    "csr_der": (64, 4096),
    "nonce": (16, 64),
    "ca_fingerprint": (32, 32),
    "mac": (32, 32),
}


class EnrolmentServicer(EnrolmentServiceServicer):
    """Translates; the fleet decides."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    async def Enrol(self, request: pb.EnrolRequest, context: Context) -> pb.EnrolResponse:
        """Once per code; both sides prove it by a MAC."""
        for name, (least, most) in _SIZES.items():
            size = len(getattr(request, name))
            if not least <= size <= most:
                raise invalid_field(name, f"needs {least} to {most} bytes, has {size}")
        enrolled = await self._fleet.enrol(
            EnrolmentRequest(
                pairing_id=request.pairing_id,
                csr_der=request.csr_der,
                nonce=request.nonce,
                ca_fingerprint=request.ca_fingerprint,
                mac=request.mac,
            )
        )
        return pb.EnrolResponse(
            certificate_pem=enrolled.certificate_pem,
            ca_pem=enrolled.ca_pem,
            terminal_id=enrolled.terminal_id,
            terminal_number=enrolled.number,
            sealed_terminal_secret=enrolled.sealed_secret,
            ledger_id=self._fleet.ledger_id,
            mac=enrolled.mac,
        )
