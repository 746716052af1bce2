"""What a batch is and what its loss is."""
