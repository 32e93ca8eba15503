"""The counter terminal: shows the QR, learns of the payment, announces it, prints it."""
