"""The JSON API: the same values as the pages, from the same code."""
