"""The gate's commands, one file for each person; light at import, as `tre --help` loads them all."""
