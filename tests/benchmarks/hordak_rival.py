"""The rival of ``pay_vs_hordak``: transfers with django-hordak, as its documentation does them.

Run by the python of an environment of its own (``hordak.txt``), never by Choba's:

    python hordak_rival.py URL fill                    migrate, and give every account money
    python hordak_rival.py URL run CLIENTS SECONDS     one line of JSON

A transfer is ``Account.transfer_to`` in a transaction, after the payer's row was locked and its
balance was found to suffice. Everything that is known to make it faster without making it wrong
is done: no DEBUG, connections that stay open, FOR NO KEY UPDATE (a plain FOR UPDATE waits for
every leg that others write to this account), the balance of one account without its children.
"""

import json
import multiprocessing
import random
import sys
import time
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings

ACCOUNTS = 1_000
OPENING, AMOUNT = 1_000_000, 100


def set_up(url: str) -> None:
    """Django with hordak and nothing else."""
    parts = urlsplit(url)
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": parts.path.lstrip("/"),
                "USER": parts.username,
                "HOST": parts.hostname,
                "PORT": parts.port,
                "CONN_MAX_AGE": None,
            }
        },
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "mptt", "hordak"],
        DEFAULT_CURRENCY="JPY",
        CURRENCIES=["JPY"],
        HORDAK_INTERNAL_CURRENCY="JPY",
        HORDAK_CURRENCIES=["JPY"],
        HORDAK_DECIMAL_PLACES=0,
        USE_TZ=True,
        TIME_ZONE="Asia/Tokyo",
    )
    django.setup()


def fill() -> None:
    """1,000 accounts with money that came from capital."""
    from django.core.management import call_command
    from hordak.models import Account, AccountType
    from moneyed import Money

    call_command("migrate", verbosity=0)
    capital = Account.objects.create(name="capital", type=AccountType.equity, currencies=["JPY"])
    for number in range(ACCOUNTS):
        account = Account.objects.create(
            name=f"account {number}", type=AccountType.asset, currencies=["JPY"]
        )
        capital.transfer_to(account, Money(OPENING, "JPY"))


def run(url: str, clients: int, seconds: float) -> dict[str, float]:
    """Processes, each with its connection; what all did between the first and the last."""
    context = multiprocessing.get_context("spawn")
    done, ready = context.Queue(), context.Barrier(clients)
    children = [
        context.Process(target=transfer, args=(url, seconds, ready, done)) for _ in range(clients)
    ]
    for child in children:
        child.start()
    results = [done.get(timeout=seconds + 120) for _ in children]
    for child in children:
        child.join()
    taken = max(end for _, _, end in results) - min(begin for _, begin, _ in results)
    transfers = sum(count for count, _, _ in results)
    return {"transfers": transfers, "seconds": taken, "in_books": transfers_in_books(url)}


def transfers_in_books(url: str) -> int:
    """Those of all runs, without the openings; raises where one is not balanced or money is
    missing."""
    set_up(url)
    from hordak.models import Leg, Transaction

    debit, credit = Leg.objects.sum_to_debit_and_credit()
    if debit != credit:
        raise RuntimeError(f"debits {debit}, credits {credit}")
    return int(Transaction.objects.count()) - ACCOUNTS


def transfer(url: str, seconds: float, ready: Any, done: Any) -> None:
    """One client: transfers between accounts by chance, one after the other."""
    set_up(url)
    from django.db import transaction
    from hordak.models import Account
    from moneyed import Money

    accounts = list(Account.objects.filter(name__startswith="account "))
    keys = [account.pk for account in accounts]
    to = {account.pk: account for account in accounts}
    amount = Money(AMOUNT, "JPY")
    count = 0
    ready.wait()
    begin = time.monotonic()
    while time.monotonic() - begin < seconds:
        payer, payee = random.sample(keys, 2)
        with transaction.atomic():
            account = Account.objects.select_for_update(no_key=True).get(pk=payer)
            if account.get_simple_balance()["JPY"] < amount:
                continue
            account.transfer_to(to[payee], amount)
        count += 1
    done.put((count, begin, time.monotonic()))


def main() -> int:
    match sys.argv[1:]:
        case [url, "fill"]:
            set_up(url)
            fill()
        case [url, "run", clients, seconds]:
            sys.stdout.write(json.dumps(run(url, int(clients), float(seconds))) + "\n")
        case _:
            sys.stderr.write(f"{__doc__}\n")
            return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
