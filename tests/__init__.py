"""Everything that CI runs, and the bench."""
