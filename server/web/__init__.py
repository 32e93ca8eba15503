"""Wallet and console pages: routes, templates, static; no rules."""
