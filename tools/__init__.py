"""Commands of the house: set-up, generated files, the demo and its harness."""
