"""Commands of the house: set-up, generated files, the demo and the harness it shares with the tests."""
