"""The reference campaign as demo data, moved by whole weeks so that today lies inside it.

Names and money are invented. Everything is issued through the ledger itself, so the books balance
from the first row; no switch of the product knows of this package.
"""
