"""The content of slips: what is said on paper, in columns."""
