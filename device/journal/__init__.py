"""The device's own durable memory (SQLite): sales, payments, outbox, configuration."""
