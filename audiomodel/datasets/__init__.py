"""Recordings with known tags, read from data sets in their official layouts."""
