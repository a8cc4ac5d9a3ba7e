"""The tables: jobs, attempts, deliveries, keys, paces, who is served, people's links, the audit trail.

One schema for SQLite and Postgres. The partial indexes are what keeps accept and claim as fast with
a million finished rows as with none: every hot query names its states as literals, so that both
engines can use them. Times are epoch seconds.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    literal_column,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite

metadata = MetaData()

_Serial = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows only in INTEGER keys

ACTIVE = "phase = 'flow' AND state IN ('queued', 'running', 'waiting')"  # holds its lane
CLAIMABLE = "state = 'queued' AND ready = 1"
DUE = "state IN ('waiting', 'pending') AND run_at IS NOT NULL"
LOOKING = "state = 'pending' AND run_at IS NOT NULL"
FINISHED = "finished_at IS NOT NULL"
# The state for those who list, count or change jobs by it. It has an index of its own, which the planner
# cannot take for a hot query: there it would read what was queued or running since the last vacuum.
listed_state: ColumnElement[str] = literal_column("(state || '')", String)


def is_postgres(connection: Connection) -> bool:
    """Whether other processes may write at this moment; SQLite has one writer."""
    return connection.dialect.name == "postgresql"


def upsert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An insert that takes `on_conflict_…`, in this engine's dialect."""
    if is_postgres(connection):
        return postgresql.insert(table)
    return sqlite.insert(table)


def _partial(name: str, *columns: str, where: str) -> Index:
    clause = text(where)
    return Index(name, *columns, sqlite_where=clause, postgresql_where=clause)


jobs = Table(
    "jobs",
    metadata,
    Column("seq", _Serial, primary_key=True, autoincrement=True),  # the order of a lane
    Column("id", String(32), nullable=False, unique=True),
    Column("scope", String(120), nullable=False),
    Column("action", String(80), nullable=False),
    Column("connection", String(120), nullable=False),
    Column("channel", String(250), nullable=False),  # connection + route whose pace gates the start
    Column("lane", String(250), nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("rank", Float, nullable=False),  # order among equals of a channel: fair between flows
    Column("state", String(12), nullable=False),
    Column("phase", String(8), nullable=False),
    Column("ready", SmallInteger, nullable=False),  # 1: nothing stands before it in its lane
    Column("run_at", Float),  # when a waiting or pending job is looked at again
    Column("attempts", Integer, nullable=False),
    Column("looks", Integer, nullable=False),
    Column("sent_at", Float),  # a write may have been sent
    Column("pending_at", Float),
    Column("created_at", Float, nullable=False),
    Column("tried_since", Float, nullable=False),  # a retry by a person starts the schedule anew
    Column("finished_at", Float),
    Column("owner", String(40)),
    Column("fence", Integer, nullable=False),
    Column("lease_until", Float),
    Column("join_key", String(64)),  # hash of asker, action and fields: the same press again
    Column("trace", String(64), nullable=False),
    Column("args", Text, nullable=False),
    Column("asker", Text, nullable=False),
    Column("reply_to", Text, nullable=False),  # encrypted: a response_url is a credential
    Column("memo", Text, nullable=False),
    Column("outcome", Text),
    _partial("jobs_claimable", "channel", "priority", "rank", "seq", where=CLAIMABLE),
    _partial("jobs_due", "run_at", where=DUE),
    _partial("jobs_looking", "lane", where=LOOKING),
    _partial("jobs_running", "lease_until", where="state = 'running'"),
    _partial("jobs_lane", "lane", "seq", where=ACTIVE),
    _partial("jobs_join", "join_key", where=f"{ACTIVE} AND join_key IS NOT NULL"),
    _partial("jobs_finished", "finished_at", where=FINISHED),
    Index("jobs_scope", "scope", "seq"),
    Index("jobs_listed", listed_state, "seq"),
    Index("jobs_room", "lane", "seq"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("seq", _Serial, primary_key=True, autoincrement=True),
    Column("job_seq", _Serial, ForeignKey("jobs.seq", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("phase", String(8), nullable=False),
    Column("worker", String(40), nullable=False),
    Column("started_at", Float, nullable=False),
    Column("ended_at", Float, nullable=False),
    Column("verdict", String(200), nullable=False),
    Column("exchanges", Text, nullable=False),  # requests and answers, redacted
    Index("attempts_job", "job_seq", "seq"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("job_seq", _Serial, ForeignKey("jobs.seq", ondelete="CASCADE"), nullable=False),
    Column("kind", String(12), nullable=False),  # slack, callback
    Column("state", String(8), nullable=False),  # due, telling, told, kept
    Column("run_at", Float, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("repeated", SmallInteger, nullable=False),  # 1: an earlier try may have been seen
    Column("owner", String(40)),
    Column("fence", Integer, nullable=False),
    Column("lease_until", Float),
    Column("told_at", Float),
    Column("how", String(200), nullable=False),
    _partial("deliveries_due", "run_at", where="state = 'due'"),
    _partial("deliveries_telling", "lease_until", where="state = 'telling'"),
    Index("deliveries_job", "job_seq"),
)

keys = Table(
    "keys",
    metadata,
    Column("scope", String(120), primary_key=True),
    Column("value", String(300), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("job_ids", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Index("keys_created", "created_at"),
)

pace = Table(
    "pace",
    metadata,
    Column("connection", String(120), primary_key=True),
    Column("route", String(200), primary_key=True),  # "*": the connection's circuit breaker
    Column("calls", Integer, nullable=False),  # per window; 0: no limit; breaker: failures in a row
    Column("window_s", Float, nullable=False),
    Column("used", Integer, nullable=False),
    Column("resets_at", Float, nullable=False),  # breaker: when the next probe may go
    Column("source", String(10), nullable=False),  # assumed, configured, learnt
    Column("updated_at", Float, nullable=False),
)

served = Table(
    "served",
    metadata,
    Column("connection", String(120), primary_key=True),
    Column("seen_at", Float, nullable=False),  # when a working process last had it
)

links = Table(
    "links",
    metadata,
    Column("scope", String(120), primary_key=True),  # the tenant, as in jobs
    Column("user_id", String(60), primary_key=True),
    Column("connection", String(120), primary_key=True),
    Column("credential", Text, nullable=False),  # encrypted
    Column("account_id", String(120), nullable=False),  # whose it is, upstream
    Column("account_name", String(250), nullable=False),
    Column("linked_at", Float, nullable=False),
    Column("last_used", Float),
)

link_uses = Table(
    "link_uses",
    metadata,
    Column("id", String(64), primary_key=True),  # a one-time link that was used
    Column("used_at", Float, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", _Serial, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),
    Column("door", String(12), nullable=False),
    Column("who", String(120), nullable=False),  # a person's or a key's id
    Column("scope", String(120), nullable=False),  # the tenant, as in jobs
    Column("what", String(80), nullable=False),
    Column("target", String(250), nullable=False),
    Column("connection", String(120), nullable=False),
    Column("job_id", String(32), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("detail", String(250), nullable=False),
    Index("audit_at", "at", "seq"),
)
