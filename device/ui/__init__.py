"""What staff see: presenter, view data, screens."""
