"""Outbox to MQTT; runs the local broker."""
