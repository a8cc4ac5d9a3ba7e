"""What the documentation does not say by hand: pages made from the code, and links into the repository.

`hook` is what MkDocs calls; `repository` turns paths in the text into pages, so that a file or a test which
is gone fails the build; each other module writes one part of the reference. May import every room of the
bridge and is imported by none.
"""
