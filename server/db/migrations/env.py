"""Alembic's entry: it is handed a connection and never opens one."""

from alembic import context

from server.db.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=False)
with context.begin_transaction():
    context.run_migrations()
