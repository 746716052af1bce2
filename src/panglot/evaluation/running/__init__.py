"""Programs that a model wrote, run with their tests in a sandbox: never without one, and only where a person says so."""
