"""Words and sentences of any script, for many texts at a time."""
