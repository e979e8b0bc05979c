"""The checks, one file a family. Each takes what it judges and the rules, and gives findings; none writes."""
