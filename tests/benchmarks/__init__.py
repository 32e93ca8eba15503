"""``make bench``: how fast it is, each figure beside a reference taken in the same run."""
