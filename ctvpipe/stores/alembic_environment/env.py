"""Run the migrations on the connection, and in the transaction, of the caller."""

from alembic import context

attributes = context.config.attributes
home = attributes["home"]
context.configure(
    connection=attributes["connection"],
    transactional_ddl=True,
    version_table=attributes["version_table"],
    version_table_schema=home.schema or None,
    home=home,
)
with context.begin_transaction():
    context.run_migrations()
