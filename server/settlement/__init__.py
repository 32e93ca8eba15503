"""Closes, payouts, the bank file: from the customers' payments to the money in shops' accounts."""
