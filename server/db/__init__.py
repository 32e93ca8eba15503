"""Engine, schema, migrations."""
