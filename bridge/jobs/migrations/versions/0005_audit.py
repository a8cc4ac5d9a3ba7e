"""The audit trail

Revision ID: 0005
Revises: 0004
"""

from alembic import op
import sqlalchemy as sa


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('audit',
    sa.Column('seq', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('at', sa.Float(), nullable=False),
    sa.Column('door', sa.String(length=12), nullable=False),
    sa.Column('who', sa.String(length=120), nullable=False),
    sa.Column('scope', sa.String(length=120), nullable=False),
    sa.Column('what', sa.String(length=80), nullable=False),
    sa.Column('target', sa.String(length=250), nullable=False),
    sa.Column('connection', sa.String(length=120), nullable=False),
    sa.Column('job_id', sa.String(length=32), nullable=False),
    sa.Column('outcome', sa.String(length=20), nullable=False),
    sa.Column('detail', sa.String(length=250), nullable=False),
    sa.PrimaryKeyConstraint('seq')
    )
    op.create_index('audit_at', 'audit', ['at', 'seq'], unique=False)


def downgrade() -> None:
    """Migrations are additive: older code runs on the newer schema, so nothing is taken back."""
