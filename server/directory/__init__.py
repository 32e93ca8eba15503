"""Operator, services, merchants, shops, terminals, users."""
