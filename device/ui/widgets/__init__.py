"""Drawn parts shared by screens."""
