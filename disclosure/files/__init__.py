"""Ready-made files opened: whatever kind they are, the tables in them are found and handed to the same attack."""
