"""Accounts, entries, postings, the posting engine, audit. Knows no vouchers and no payments."""
