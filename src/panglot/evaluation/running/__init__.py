"""Programs that a model wrote, run with their tests in a sandbox. Nothing of it is run without one, nor unless a person says so."""
