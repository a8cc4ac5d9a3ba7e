"""Pending jobs by room, for those that look at once

Revision ID: 0006
Revises: 0005
"""

from alembic import op
import sqlalchemy as sa


revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

LOOKING = sa.text("state = 'pending' AND run_at IS NOT NULL")


def upgrade() -> None:
    op.create_index('jobs_looking', 'jobs', ['lane'], sqlite_where=LOOKING, postgresql_where=LOOKING)


def downgrade() -> None:
    """Migrations are additive: older code runs on the newer schema, so nothing is taken back."""
