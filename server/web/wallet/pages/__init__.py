"""The wallet's routes, a module per part of the way. Handlers translate and call; rules are not
decided here."""
