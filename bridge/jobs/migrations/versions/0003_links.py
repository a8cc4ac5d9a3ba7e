"""People's linked accounts

Revision ID: 0003
Revises: 0002
"""

from alembic import op
import sqlalchemy as sa


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('links',
    sa.Column('scope', sa.String(length=120), nullable=False),
    sa.Column('user_id', sa.String(length=60), nullable=False),
    sa.Column('connection', sa.String(length=120), nullable=False),
    sa.Column('credential', sa.Text(), nullable=False),
    sa.Column('account_id', sa.String(length=120), nullable=False),
    sa.Column('account_name', sa.String(length=250), nullable=False),
    sa.Column('linked_at', sa.Float(), nullable=False),
    sa.Column('last_used', sa.Float(), nullable=True),
    sa.PrimaryKeyConstraint('scope', 'user_id', 'connection')
    )
    op.create_table('link_uses',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('used_at', sa.Float(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )


def downgrade() -> None:
    """Migrations are additive: older code runs on the newer schema, so nothing is taken back."""
