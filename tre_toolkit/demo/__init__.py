"""`tre demo`: the whole journey on invented children, played by the same commands a person would type.

The demo imports no room. `stages` has the journey in order, `journey` runs each `tre` command as a process
of its own and shows what it said, `page` writes the static page at the end.
"""
