"""The server: ledger, payments, terminals, wallet."""
