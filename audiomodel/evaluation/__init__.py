"""How good an installed tagger is: on clips that it has not learned from, and on real recordings. Needs no torch."""
