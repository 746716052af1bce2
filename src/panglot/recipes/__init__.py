"""Runs a graph of components, each step cached by content."""
