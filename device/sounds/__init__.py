"""The sounds that are shipped; MANIFEST.tsv says what each one speaks."""
