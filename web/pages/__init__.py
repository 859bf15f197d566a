"""The pages: each a blueprint in the file that is named after it, with what it shows as plain values."""
