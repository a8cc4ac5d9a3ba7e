"""The doors through which a wish comes in; each checks, parses and hands launches to the corridor."""
