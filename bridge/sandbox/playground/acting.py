"""What a person at the page does: type, click, fill in, answer for a colleague, be the visitor.

Each gesture is one of the emulators' own, so a signed request leaves for the bridge exactly as from the tests.
What a person cannot do raises `LookupError` or `PermissionError` with the reason.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bridge.sandbox.playground.offers import ALL_ACTIONS
from bridge.sandbox.slack import Receipt
from bridge.sandbox.slack.model import Json, Message, View
from bridge.sandbox.stack import Sandbox

Gesture = Callable[[Json], Awaitable[Json]]
MENTION = "@bridge"


class Acting:
    """All gestures, by name."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.gestures: dict[str, Gesture] = {
            "say": self.say,
            "click": self.click,
            "suggest": self.suggest,
            "enter": self.enter,
            "submit": self.submit,
            "close": self.close,
            "shortcut": self.shortcut,
            "session": self.session,
            "room": self.room,
        }

    # -- in Slack ------------------------------------------------------------------------------

    async def say(self, given: Json) -> Json:
        """Type a line: a command, a mention of the bridge, or just words."""
        slack, user, channel = self._sandbox.slack, str(given["user"]), str(given["channel"])
        text, thread = str(given["text"]).strip(), given.get("thread_ts") or None
        if not text:
            raise LookupError("nothing was typed")
        if text.startswith("/"):
            name, _, rest = text.partition(" ")
            receipt: Receipt = await slack.command(
                user,
                channel,
                name,
                rest.strip(),
                thread_ts=thread,
                mac_keyboard=self._sandbox.mac_keyboard,
            )
            return _told(receipt)
        if text.startswith(MENTION):
            words = text.removeprefix(MENTION).strip()
            return _told(await slack.mention(user, channel, words, thread))
        who, where = slack.user(user), slack.channel(channel)
        if who.id not in where.members:
            raise PermissionError(f"{who.real_name} is not in this channel")
        slack.say(where, who.id, slack.as_sent(who.team_id, text), thread)
        return {"status": 0, "ms": 0, "error": ""}

    async def click(self, given: Json) -> Json:
        spot = self._spot(given)
        receipt = await self._sandbox.slack.click(
            str(given["user"]), spot, str(given["wanted"]), given.get("choice")
        )
        return _told(receipt)

    async def suggest(self, given: Json) -> Json:
        """Type into a list; what it offered before stays choosable, as it does on screen."""
        spot = self._spot(given)
        action_id = str(given["action_id"])
        receipt = await self._sandbox.slack.suggest(
            str(given["user"]), spot, action_id, str(given.get("typed", ""))
        )
        return _told(receipt) | {"options": receipt.options}

    async def enter(self, given: Json) -> Json:
        """Choose from a list in a modal, so that the choice outlives the next letters typed."""
        slack, user = self._sandbox.slack, str(given["user"])
        for view in slack.open_views(user)[-1:]:
            for held in view.state.get(str(given["block_id"]), {}).items():
                self._keep_chosen(view, *held)
        slack.enter(user, {str(given["block_id"]): given["value"]}, given.get("view"))
        return {"status": 0, "ms": 0, "error": ""}

    async def submit(self, given: Json) -> Json:
        slack = self._sandbox.slack
        receipt = await slack.submit_view(
            str(given["user"]), given.get("view"), given.get("values") or {}
        )
        slack.notify()  # what Slack's own client refuses changes nothing but the screen
        return _told(receipt) | {"errors": receipt.errors}

    async def close(self, given: Json) -> Json:
        return _told(await self._sandbox.slack.close_view(str(given["user"]), given.get("view")))

    async def shortcut(self, given: Json) -> Json:
        slack, spot = self._sandbox.slack, None
        if given.get("message"):
            found = self._spot(given)
            spot = found if isinstance(found, Message) else None
        callback = str(given.get("callback") or ALL_ACTIONS)
        return _told(await slack.shortcut(str(given["user"]), callback, spot))

    # -- beside Slack --------------------------------------------------------------------------

    async def session(self, given: Json) -> Json:
        """Be the colleague, the visitor or the sender of a SuperOffice chat."""
        so, what = self._sandbox.superoffice, str(given["what"])
        if what == "new":
            number = max(so.desk.sessions) + 1
            so.add_session(
                number,
                2,
                customer_name="Nils Nyberg",
                first_message="Hello! Is anybody there?",
                last_message="Hello! Is anybody there?",
            )
            return {"session_id": number}
        number = int(given["session_id"])
        if number not in so.desk.sessions:
            raise LookupError(f"there is no session {number}")
        match what:
            case "accept":
                changed = so.accept(number)
            case "reject":
                changed = so.reject(number)
            case "cancel":
                changed = so.cancel(number)
            case "end":
                so.set_status(number, "Closed")
                changed = True
            case _:
                raise LookupError(f"nobody can {what} a session")
        so.notify()
        return {"changed": changed}

    async def room(self, given: Json) -> Json:
        """Be the visitor of a Rocket.Chat conversation."""
        rc, what = self._sandbox.rocketchat, str(given["what"])
        if what == "new":
            room = rc.start_room(
                "Wendy Young",
                served_by="ines.faro",
                department="Support",
                visitor_email="wendy.young@harbour.example",
                messages=(("visitor", "Hello, I have a question about my order."),),
            )
            rc.notify()
            return {"rid": room.id}
        rid = str(given["rid"])
        found = rc.rooms.get(rid)
        if found is None:
            raise LookupError(f"there is no room {rid}")
        if what == "leave":
            if not found.open:
                raise LookupError("this conversation has ended already")
            rc.close_by_visitor(rid)
        elif what == "say":
            rc.say(found, "Are you still there?")
        else:
            raise LookupError(f"a visitor cannot {what}")
        rc.notify()
        return {"rid": rid}

    # -- pieces --------------------------------------------------------------------------------

    def _spot(self, given: Json) -> Message | View | None:
        """The message or the view that is meant; None is the topmost modal."""
        slack = self._sandbox.slack
        if not given.get("message"):
            return slack.views.get(str(given.get("view")))
        wanted = given["message"]
        found = slack.message(slack.channel(str(wanted["channel"])).id, str(wanted["ts"]))
        if found is None:
            raise LookupError("this message is gone")
        return found

    def _keep_chosen(self, view: View, action_id: str, held: Json) -> None:
        chosen = [*(held.get("selected_options") or []), held.get("selected_option")]
        known = view.offers.setdefault(action_id, [])
        values = {option.get("value") for option in known}
        known += [one for one in chosen if one and one.get("value") not in values]


def _told(receipt: Receipt) -> Json:
    return {
        "status": receipt.status,
        "ms": round(receipt.seconds * 1000, 1),
        "error": receipt.error,
        "shown": receipt.shown,
    }
