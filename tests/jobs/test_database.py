"""Which DATABASE_URL means what: SQLite or Postgres, and when a connection must be encrypted."""

from __future__ import annotations

import pytest

from bridge.jobs.database import DatabaseError, parse_url


@pytest.fixture(autouse=True)
def _no_mode_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGSSLMODE", raising=False)


def sslmode(database_url: str) -> object:
    return parse_url(database_url).query.get("sslmode")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgres_is_taken_and_keeps_what_it_says(scheme: str) -> None:
    url = parse_url(f"{scheme}://u:p%40ss@db.example.com:5433/bridge?application_name=x")
    assert url.drivername == "postgresql+psycopg"
    assert (url.host, url.port, url.username, url.database) == (
        "db.example.com",
        5433,
        "u",
        "bridge",
    )
    assert url.password == "p@ss"
    assert url.query["application_name"] == "x"


@pytest.mark.parametrize(
    "database_url",
    [
        "postgres://u:p@db.example.com/bridge",
        "postgresql://u:p@10.0.0.7/bridge",
        "postgresql://u:p@[2001:db8::1]/bridge",
        "postgresql://u:p@/bridge?host=db.example.com",
        "postgresql://u:p@/bridge?host=localhost,db.example.com",
        "postgresql://u:p@/bridge?host=localhost&host=db.example.com",
        "postgresql://u:p@localhost/bridge?host=db.example.com",  # libpq goes where the query says
        "postgresql://u:p@localhost.example.com/bridge",
    ],
)
def test_off_this_host_tls_is_required(database_url: str) -> None:
    assert sslmode(database_url) == "require"


@pytest.mark.parametrize(
    "database_url",
    [
        "postgres://u:p@localhost/bridge",
        "postgresql://u:p@127.0.0.1:5432/bridge",
        "postgresql://u:p@127.9.9.9/bridge",
        "postgresql://u:p@[::1]/bridge",
        "postgresql:///bridge",  # the default socket
        "postgresql:///bridge?host=/var/run/postgresql",
    ],
)
def test_on_this_host_and_through_a_socket_it_is_not(database_url: str) -> None:
    assert sslmode(database_url) is None


@pytest.mark.parametrize("mode", ["disable", "prefer", "verify-full"])
@pytest.mark.parametrize("host", ["db.example.com", "localhost"])
def test_an_explicit_mode_wins(host: str, mode: str) -> None:
    assert sslmode(f"postgres://u:p@{host}/bridge?sslmode={mode}") == mode


def test_a_mode_in_libpqs_own_variable_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    assert sslmode("postgres://u:p@db.example.com/bridge") is None


@pytest.mark.parametrize(
    ("database_url", "said"),
    [
        ("mysql://u:p@h/bridge", "begins with mysql"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("no url", "is no URL"),
    ],
)
def test_anything_else_is_refused_with_what_to_use(database_url: str, said: str) -> None:
    with pytest.raises(DatabaseError, match=said) as refused:
        parse_url(database_url)
    assert "u:p" not in str(refused.value)
