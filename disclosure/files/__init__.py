"""Ready-made files opened: typed by their bytes, the tables in them found, and what hides in them told.

`open_file` gives the tables as grids of text, which go through the same checks and attack as any other table, and
findings about what no table shows: hidden sheets, metadata, embedded data, numbers inside a drawing.
"""

from disclosure.files.opening import Opened, open_file

__all__ = ["Opened", "open_file"]
