"""What does a query mean, which tracks answer it, and why? Query, expansion, engines, explanation."""
