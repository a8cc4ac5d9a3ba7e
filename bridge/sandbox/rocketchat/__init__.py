"""The emulated Rocket.Chat: state, checks and answers of four families of versions, for tests and playground."""

from bridge.sandbox.rocketchat.server import RocketChat
from bridge.sandbox.rocketchat.state import Department, Mail, Profile, Room, Settings, User

__all__ = ["Department", "Mail", "Profile", "RocketChat", "Room", "Settings", "User"]
