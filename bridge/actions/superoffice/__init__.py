"""SuperOffice's documented calls, one file each, and what they share: error rows and session reading."""
