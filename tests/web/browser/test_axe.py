"""axe-core looks at every page in every form: light and dark, wide and on a phone."""

from __future__ import annotations

import pytest

from tests.web.browser.pages import STATES, State

WIDTHS = {"wide": 1280, "phone": 390}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_no_page_shuts_anybody_out(open_tab, axe, site, away_site, state: State, scheme: str, width: str) -> None:
    tab = open_tab(
        state.path,
        state.status,
        at=away_site if state.away else site,
        color_scheme=scheme,
        viewport={"width": WIDTHS[width], "height": 900},
    )
    axe(tab)
