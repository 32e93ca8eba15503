"""Network links of the device."""
