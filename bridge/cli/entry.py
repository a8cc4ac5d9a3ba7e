"""What every verb shares: reading the settings, and turning what can be mended into a sentence."""

from __future__ import annotations

import errno
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from bridge.settings import Settings

T = TypeVar("T")


def settings() -> Settings:
    """The settings, with logging set up by them; what is wrong with them is said at once."""
    from bridge import log
    from bridge.settings import SettingsError, load

    try:
        loaded = load()
    except SettingsError as error:
        from bridge.checks import everything_wrong

        raise click.ClickException(everything_wrong(error)) from None
    log.configure(loaded.log.level, loaded.log.format)
    return loaded


def report_errors(work: Callable[[], T]) -> T:
    """Run `work`; what an operator can mend becomes a sentence and exit code 1."""
    from sqlalchemy.exc import SQLAlchemyError

    from bridge.jobs.database import DatabaseError
    from bridge.jobs.writer import StoreDown
    from bridge.settings import SettingsError

    try:
        return work()
    except (DatabaseError, SettingsError) as error:
        raise click.ClickException(str(error)) from None
    except (StoreDown, SQLAlchemyError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        said = (
            f"The database cannot be used: {reason}. Correct DATABASE_URL, or start the database."
        )
        raise click.ClickException(said) from None
    except OSError as error:
        said = f"{error.strerror or error}."
        if error.errno == errno.EADDRINUSE:
            said += (
                " Set PORT (BRIDGE_SERVER_WORKER_PORT for `bridge worker`) to a free one, or end"
                " what listens there."
            )
        raise click.ClickException(said) from None


def run(work: Callable[[], Awaitable[T]]) -> T:
    """Run a coroutine to its end on uvloop, which takes less CPU for a job; as `report_errors` does."""
    import uvloop

    async def whole() -> T:
        return await work()

    return report_errors(lambda: uvloop.run(whole()))
