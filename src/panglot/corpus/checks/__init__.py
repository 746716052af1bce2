"""Checks of whole corpora: is this the language, and the script, that its label says?"""
