"""Effect runners: everything by which the device touches the world."""
