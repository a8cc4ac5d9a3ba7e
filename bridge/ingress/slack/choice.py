"""Which connection a command is for: said, implied by a pasted link or by the channel, the only one, or asked.

Pure. `on=<name>` wins; then the host of a pasted link, because a link already says where the room is;
then what the workspace's admins set for the channel; then the single connection of that kind. A link to
a host that no connection knows is not guessed at: workspaces are reached under several names, so the
next rule decides, and a wrong room id is refused by the upstream itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from bridge.contract import upstream_name
from bridge.settings import Connection


@dataclass(frozen=True, slots=True)
class Choice:
    """A connection's name, or a problem in words and the names to choose from."""

    connection: str = ""
    problem: str = ""
    names: tuple[str, ...] = ()


def choose(
    connections: Mapping[str, Connection],
    kind: str,
    *,
    said: str = "",
    hosts: Sequence[str] = (),
    of_channel: Sequence[str] = (),
    usable: Callable[[str], bool] = lambda _: True,
) -> Choice:
    """The connection of this kind that is meant; see the module for the order.

    `usable` is asked only where there is a choice: of several, those the person may not use do not
    count. One that was named is kept, so that the denial can say which rule is missing.
    """
    names = tuple(name for name, one in connections.items() if one.kind == kind)
    name_of_kind = upstream_name(kind)
    if not names:
        return Choice(
            problem=f"No {name_of_kind} connection is configured yet. Ask an admin to add one."
        )
    if said:
        if said in names:
            return Choice(said)
        listed = ", ".join(names)
        if said in connections:
            return Choice(
                problem=f"The connection {said} is no {name_of_kind} connection. There are: {listed}.",
                names=names,
            )
        return Choice(problem=f"There is no connection {said}. There are: {listed}.", names=names)
    if len(names) == 1:
        return Choice(names[0])
    wanted = {host.lower() for host in hosts}
    by_host = [name for name in names if _host(connections[name]) in wanted]
    for candidates in (by_host, [name for name in of_channel if name in names], list(names)):
        if len(candidates) == 1:
            return Choice(candidates[0])
        left = tuple(name for name in candidates if usable(name))
        if len(left) == 1:
            return Choice(left[0])
        if candidates:
            names = left or tuple(candidates)
            break
    listed = ", ".join(f"on={name}" for name in names)
    return Choice(problem=f"Which one do you mean? Add one of: {listed}.", names=names)


def _host(connection: Connection) -> str:
    return (urlsplit(connection.url).hostname or "").lower()
