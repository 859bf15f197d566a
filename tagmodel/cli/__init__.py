"""Commands of the tag model, one module a group."""
