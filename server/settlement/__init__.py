"""From the close to the yen in the shop's account: a package per part, each with its own face."""
