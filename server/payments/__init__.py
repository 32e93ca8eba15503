"""QR check, quote, claim, pay, outcome of a sale."""
