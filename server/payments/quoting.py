"""What a customer can use here and now, and the split that is proposed. Pure."""

from collections.abc import Iterable

from protos.units import Micros, Yen
from server.campaigns import Terms
from server.directory import Counter, Service, ServiceId
from server.ledger import Unit, Wallet
from server.payments.assembly import lot_balances
from server.payments.rules import service_refusal, usable_lots
from server.payments.types import LegRequest, Quote, SaleKind, ServiceBalance


def balances_of(
    wallets: Iterable[Wallet],
    services: Iterable[Service],
    terms: dict[ServiceId, Terms],
    at: Micros,
) -> tuple[ServiceBalance, ...]:
    """All services that have terms, vouchers first; unexpired lots only."""
    by_unit = {wallet.unit: wallet for wallet in wallets}
    found = []
    for service in sorted(services, key=lambda s: (-s.kind, s.service_id)):
        known = terms.get(service.service_id)
        if known is not None:
            lots = usable_lots(by_unit.get(Unit(service.service_id)), at)
            found.append(
                ServiceBalance(
                    service.service_id,
                    service.name_ja,
                    service.name_en,
                    service.kind,
                    Yen(sum(lot.remaining for lot in lots)),
                    lot_balances((lot.expires_at, lot.remaining) for lot in lots),
                    known.usable_from,
                    known.usable_until,
                )
            )
    return tuple(found)


def propose(
    amount: Yen,
    wallets: Iterable[Wallet],
    services: dict[ServiceId, Service],
    terms: dict[ServiceId, Terms],
    counter: Counter,
    kind: SaleKind,
    at: Micros,
) -> Quote:
    """Earliest expiry first over all usable services; points first where both expire together."""
    allowed = {
        service_id: service
        for service_id, service in services.items()
        if service_refusal(service, terms.get(service_id), counter, kind, at) is None
    }
    wallets = [wallet for wallet in wallets if ServiceId(wallet.unit) in allowed]
    lots = sorted(
        (lot.expires_at, allowed[ServiceId(wallet.unit)].kind, lot.lot_id, wallet.unit, lot)
        for wallet in wallets
        for lot in usable_lots(wallet, at)
    )
    parts: dict[ServiceId, int] = {}
    missing = int(amount)
    for _, _, _, unit, lot in lots:
        part = min(missing, lot.remaining)
        if part > 0:
            parts[ServiceId(unit)] = parts.get(ServiceId(unit), 0) + part
            missing -= part
    usable = balances_of(wallets, allowed.values(), terms, at)
    legs = tuple(
        LegRequest(balance.service_id, Yen(parts[balance.service_id]))
        for balance in usable
        if balance.service_id in parts
    )
    return Quote(amount, legs, Yen(missing), usable)
