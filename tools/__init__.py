"""Programs for building and checking; nothing that is shipped imports them."""
