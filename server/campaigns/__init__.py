"""Campaign terms and the reference campaign."""
