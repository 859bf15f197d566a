"""Artists and titles that nobody bears: built from word lists, so that an invented catalogue reads like a real one."""

from __future__ import annotations

from random import Random


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


QUALITIES = _words(
    "Amber Borrowed Brittle Copper Crooked Distant Drowsy Feathered Folded Gentle Gilded Hollow Idle Inverted Lukewarm "
    "Mended Migrating Nocturnal Northern Painted Paper Patient Pale Polite Quiet Restless Rusted Salted Second Seventh "
    "Silver Sleepless Slanted Southern Spare Tidal Unfinished Unwound Velvet Wandering Weathered Winter"
)
THINGS = _words(
    "Almanac Anchor Archive Balcony Bicycle Cartographer Chimney Compass Corridor Curtain Dial Envelope Barge Gardener "
    "Harbor Heron Hinge Inkwell Kettle Ladder Lantern Lighthouse Locksmith Magnet Meridian Moth Orchard Otter Parasol "
    "Pendulum Planetarium Postcard Quarry Satellite Season Staircase Streetcar Teacup Telegraph Thimble Umbrella "
    "Vessel Watchmaker Weathervane Window"
)
FIRST_NAMES = _words(
    "Abel Anouk Bruna Caspian Dilan Edda Farid Greta Hanne Ilya Junia Kofi Lior Maren Nadim Odile Petra Quirin Rosalba "
    "Sanna Tamsin Ulla Veda Wim Yael Zora"
)
# Surnames are two of these, end to end.
SURNAME_BEGINNINGS = _words(
    "Abra Bel Castel Dor Elm Fen Gald Hol Ister Kand Lund Marra Ner Ostro Pell Quen Rav Sor Tamb Ves"
)
SURNAME_ENDINGS = _words(
    "adine aro berg dotti enko fell gaard hurst ieri ikova lind mere ovic quist rell stad tane uchi vale wick"
)
PLACES = _words(
    "Arrivals Bramblewick Cape Daylight Elsewhere Ferncliff Glasshouse Hallowmere Inland Junction Kilnfield Lowwater "
    "Mossgate Nightfall Overpass Pinehollow Quayside Riverbend Saltmarsh Terminal Underhill Wrenfield"
)


def invented_artist(chance: Random) -> str:
    """Make up a band or a person."""
    forms = (
        lambda: f"The {chance.choice(QUALITIES)} {chance.choice(THINGS)}s",
        lambda: f"{chance.choice(QUALITIES)} {chance.choice(THINGS)}",
        lambda: f"{chance.choice(THINGS)} & {chance.choice(THINGS)}",
        lambda: f"{chance.choice(FIRST_NAMES)} {_surname(chance)}",
        lambda: f"{_surname(chance)} {chance.choice(('Trio', 'Quartet', 'Ensemble', 'Sound System', 'Collective'))}",
    )
    return chance.choices(forms, weights=(3, 3, 1, 4, 1))[0]()


def _surname(chance: Random) -> str:
    return chance.choice(SURNAME_BEGINNINGS) + chance.choice(SURNAME_ENDINGS)


def invented_title(chance: Random) -> str:
    """Make up the title of a track."""
    forms = (
        lambda: f"{chance.choice(QUALITIES)} {chance.choice(THINGS)}",
        lambda: f"{chance.choice(THINGS)} at {chance.choice(PLACES)}",
        lambda: f"Letter to the {chance.choice(THINGS)}",
        lambda: f"{chance.choice(('Leaving', 'Back to', 'Above', 'Once in', 'Waiting in'))} {chance.choice(PLACES)}",
        lambda: (
            f"{chance.choice(('Two', 'Three', 'Nine', 'Forty'))} {chance.choice(QUALITIES)} {chance.choice(THINGS)}s"
        ),
        lambda: f"{chance.choice(PLACES)} ({chance.choice(('Reprise', 'Early Take', 'Live', 'Part 2', 'Coda'))})",
    )
    return chance.choices(forms, weights=(4, 3, 1, 3, 2, 1))[0]()
