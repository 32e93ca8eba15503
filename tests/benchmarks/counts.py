"""How much is measured. Smaller counts by the environment are for a trial: the row says them."""

import os


def _count(name: str, default: int) -> int:
    return int(os.environ.get(f"BENCH_{name}", default))


ROUNDS = _count("ROUNDS", 3)
"""Of the figure and its reference in turn."""
PAYMENTS = _count("PAYMENTS", 15_000)
"""In one run of many clients."""
ALONE = _count("ALONE", 4_000)
"""In one run of one client."""
WARM_UP = _count("WARM_UP", 1_000)
REFERENCE_S = _count("REFERENCE_S", 10)
"""One run of pgbench or of the rival."""
PGBENCH_SCALE = _count("PGBENCH_SCALE", 50)
CUSTOMERS = _count("CUSTOMERS", 20_000)
SHOPS = _count("SHOPS", 300)
GROWTH_ENTRIES = _count("GROWTH_ENTRIES", 1_000_000)
GROWTH_ROUNDS = _count("GROWTH_ROUNDS", 5)
GROWTH_PAYMENTS = _count("GROWTH_PAYMENTS", 3_000)
"""In one run: few, so that the young books stay young."""
MEMORY_S = _count("MEMORY_S", 180)
"""3600 for the whole hour."""
AUDIT_ENTRIES = _count("AUDIT_ENTRIES", 200_000)
TRANSACTIONS = _count("TRANSACTIONS", 5_000_000)
"""In the big books, about: legs of payments; cancels and grants come on top."""
