"""Slips: what they say (``data``) and how they are laid out in columns (``payment_slip`` …)."""
