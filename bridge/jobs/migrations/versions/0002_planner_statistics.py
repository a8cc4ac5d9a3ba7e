"""Tell SQLite what the jobs table looks like

SQLite gathers no statistics by itself. Without any it takes `jobs_state` for the hot queries, whose one
equality looks as good as the partial indexes made for them, and walks every queued row: 21 ms for each
claim with 100,000 of them instead of 0.1 ms. These numbers are not measured, they are the shape of a
bridge that has run for long: https://www.sqlite.org/optoverview.html#manual_control_of_query_plans_using_sqlite_stat_tables

Revision ID: 0002
Revises: 0001
"""

from alembic import op


revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

# rows in the index, then rows per value of its first column, of its first two, ...
SHAPE = {
    'jobs_state': '1000000 100000 1',
    'jobs_room': '1000000 20 1',
    'jobs_scope': '1000000 50000 1',
    'jobs_finished': '1000000 1',
    'jobs_claimable': '1000 100 50 1 1',
    'jobs_due': '100 1',
    'jobs_running': '50 1',
    'jobs_lane': '1000 2 1',
    'jobs_join': '100 1',
}


def upgrade() -> None:
    if op.get_bind().dialect.name != 'sqlite':
        return  # Postgres counts for itself
    op.execute('ANALYZE pace')  # makes the table of statistics, which nothing else may create
    op.execute("DELETE FROM sqlite_stat1 WHERE tbl IN ('jobs', 'pace')")
    for index, shape in SHAPE.items():
        op.execute(f"INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('jobs', '{index}', '{shape}')")


def downgrade() -> None:
    """Migrations are additive: older code runs on the newer schema, so nothing is taken back."""
