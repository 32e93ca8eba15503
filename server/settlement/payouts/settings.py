"""From which account a service pays; which merchants want one transfer. Versions only added."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, func, insert, select

from protos.units import Micros, Yen
from server.db.schema import payouts as t
from server.directory import MerchantId, ServiceId, ShopId, shops
from server.settlement.bankfile import Account
from server.settlement.payouts.types import FeeBearer, Payee, PayoutSettings


def settings_of(
    connection: Connection, service: ServiceId, version: int | None = None
) -> PayoutSettings | None:
    """The newest, or that version; None where there is none."""
    c = t.payout_settings.c
    query = select(t.payout_settings).where(c.service_id == service)
    if version is not None:
        query = query.where(c.version == version)
    row = connection.execute(query.order_by(c.version.desc()).limit(1)).one_or_none()
    return None if row is None else _settings(row)


def add_settings(connection: Connection, settings: PayoutSettings, by: str, at: Micros) -> int:
    """A new version; its number. The caller holds the settlement's lock."""
    known = settings_of(connection, settings.service_id)
    version = known.version + 1 if known else 1
    account = settings.account
    connection.execute(
        insert(t.payout_settings).values(
            service_id=settings.service_id,
            version=version,
            payer_code=settings.payer_code,
            bank_code=account.bank_code,
            branch_code=account.branch_code,
            account_type=account.account_type,
            account_number=account.account_number,
            minimum=settings.minimum,
            fee=settings.fee,
            fee_bearer=int(settings.fee_bearer),
            test_banks=int(settings.test_banks),
            set_by=by,
            set_at=at,
        )
    )
    return version


def set_one_transfer(
    connection: Connection, merchant: MerchantId, wanted: bool, by: str, at: Micros
) -> bool:
    """False: it is so already. The caller holds the settlement's lock."""
    c = t.merchant_payouts.c
    last = connection.execute(
        select(t.merchant_payouts)
        .where(c.merchant_id == merchant)
        .order_by(c.version.desc())
        .limit(1)
    ).one_or_none()
    if bool(last and last.one_transfer) == wanted:
        return False
    connection.execute(
        insert(t.merchant_payouts).values(
            merchant_id=merchant,
            version=last.version + 1 if last else 1,
            one_transfer=int(wanted),
            set_by=by,
            set_at=at,
        )
    )
    return True


def one_transfer_merchants(connection: Connection) -> frozenset[MerchantId]:
    """Merchants that get one transfer for all their shops now."""
    c = t.merchant_payouts.c
    newest = select(c.merchant_id, func.max(c.version).label("version")).group_by(c.merchant_id)
    last = newest.subquery("last")
    rows = connection.execute(
        select(c.merchant_id)
        .join(last, (last.c.merchant_id == c.merchant_id) & (last.c.version == c.version))
        .where(c.one_transfer == 1)
    )
    return frozenset(MerchantId(merchant) for merchant in rows.scalars())


def payees_of(
    connection: Connection, wanted: Collection[ShopId] | None = None
) -> dict[ShopId, Payee]:
    """Who gets each shop's money now. ``wanted``: None for all shops."""
    together = one_transfer_merchants(connection)
    return {
        shop.shop_id: Payee.merchant(shop.merchant_id)
        if shop.merchant_id in together
        else Payee.shop(shop.shop_id)
        for shop in shops(connection)
        if wanted is None or shop.shop_id in wanted
    }


def _settings(row: Any) -> PayoutSettings:
    return PayoutSettings(
        ServiceId(row.service_id),
        row.payer_code,
        Account(row.bank_code, row.branch_code, row.account_type, row.account_number),
        Yen(row.minimum),
        Yen(row.fee),
        FeeBearer(row.fee_bearer),
        bool(row.test_banks),
        row.version,
    )
