"""`consortium report`: an archive for a bug report, without anything private.

`gathering` reads public objects and logs, never a Secret; `redaction` takes out of every text what
may be a key or a password all the same; `archive` packs it, in the same order every time.
"""
