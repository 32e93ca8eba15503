"""Terminals as devices: enrolment, certificates, presence."""
