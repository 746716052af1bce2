"""Personal data in text of any script: what is found, and how it is masked so that it can be undone."""
