"""How a tagger is made: all that needs torch. Only commands that train and measure import it, when they run."""
