"""Looking before trouble does: `check` reads the settings, `doctor` asks the systems themselves.

Both answer with a `Report` of rows: what was looked at, how it stands, what to do. Nothing here changes
anything, anywhere; what cannot be found out is said to be unknown rather than good. What `check` calls
an error no process starts or reloads with: `refuse`.

May import: access, actions, contract, ingress, jobs, log, outbound, settings, signatures, upstreams.
"""

from bridge.checks.offline import check
from bridge.checks.online import doctor
from bridge.checks.refusing import everything_wrong, refuse
from bridge.checks.report import Report, Row, State

__all__ = ["Report", "Row", "State", "check", "doctor", "everything_wrong", "refuse"]
