"""Starts the real programs on loopback, plays the customer, watches what happens.

Used by ``make demo``, the journeys and the bench, so that all three see the same thing.
"""
