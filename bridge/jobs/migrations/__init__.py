"""Alembic migrations: additive only, so that a rollback of the code keeps working on the new schema."""
