"""Duplicates: exact, near, passages and substrings; and how often to repeat what the web repeats.

Everything stands on one normal form that is safe for every script (`normal_form`). A document becomes hashes of tokens, windows
over these become shingles, and shingles become MinHash signatures (`minhash`). Signatures lie on disk as sorted runs (`runs`);
documents that share a band are candidates, candidates are verified, and what holds is united (`clustering`).
"""
