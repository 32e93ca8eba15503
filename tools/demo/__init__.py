"""``make demo``: the product doing its job, for a newcomer or for nobody at all."""
