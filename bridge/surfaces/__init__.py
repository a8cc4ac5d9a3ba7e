"""What an action looks like from outside: slash line, help, form, JSON Schema, OpenAPI, CLI, table.

Everything here is derived from the action's class and is pure: no I/O, no clock, no settings. A
new action therefore appears on every surface with no edit in this room; `leaves` reads the fields
once, and each other module turns the same leaves into one surface.

May import: contract.
"""
