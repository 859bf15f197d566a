"""How do tracks get in? Catalogue readers, enrichment, bulk writing."""
