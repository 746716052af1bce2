"""How much of each language: shares, plans, and corpora that realise them."""
