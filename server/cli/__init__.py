"""The choba command."""
