"""The physical parts: ports, drivers and their simulators."""
