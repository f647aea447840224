"""Alembic's entry: runs within the connection that `backend.db.migrate` opened."""

from alembic import context

from backend.db.tables import load_metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=load_metadata(),
    render_as_batch=True,
    include_object=lambda _object, name, _kind, _reflected, _compare: not (name or "").startswith("knowledge_fts"),
)
with context.begin_transaction():
    context.run_migrations()
