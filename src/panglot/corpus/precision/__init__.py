"""Words that tell a language from its relatives: how they are found, and documents without any of them left out."""
