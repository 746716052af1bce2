"""Test data in training text: what of it is there, and taking it out."""
