"""The engine: accepted launches are stored, worked in order and pace, retried, and told.

In the order in which a job passes: `intake` (what a door hands in), `store` (one method per wish) with
`accepting`, and `writer` below it (one fsync for many); `worker`, `claiming` and `leases` start it, `attempt`
runs its flow under `limits`, `policy` and `ending` say what follows, `closing` and `finishing` store that,
`telling` tells it, again when it is `due`. `operating` is what people do to jobs, with `recovery` below it. Actions come in as a catalogue, never by import.
The rows and their database: `tables`, `rows`, `statements`, `database`, `migrate`, `locking`, `lanes`, `windows`, `filtering`.
Around one attempt: `acting`, `links`, `fixed_outcomes`, `pace`, `fetching`, `redaction`; around all of them:
`notifications`, `served`, `retention`, `auditing`, `counting`.

May import: contract, delivery, metrics, outbound, settings, tracing, upstreams, vault.
"""
