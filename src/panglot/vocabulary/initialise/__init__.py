"""Rows for new tokens: one signature, one file a method. `methods.py` lists them."""
