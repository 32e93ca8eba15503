"""What tests share: real parts started on loopback, and values that look like real ones."""
