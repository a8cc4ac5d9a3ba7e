"""Alembic's entry: runs the migrations on the connection that `bridge.jobs.migrate` hands over."""

from alembic import context

from bridge.jobs.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=False,
    render_as_batch=False,
)
with context.begin_transaction():
    context.run_migrations()
