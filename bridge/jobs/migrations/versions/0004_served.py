"""Which connections some process has

Revision ID: 0004
Revises: 0003
"""

from alembic import op
import sqlalchemy as sa


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('served',
    sa.Column('connection', sa.String(length=120), nullable=False),
    sa.Column('seen_at', sa.Float(), nullable=False),
    sa.PrimaryKeyConstraint('connection')
    )


def downgrade() -> None:
    """Migrations are additive: older code runs on the newer schema, so nothing is taken back."""
