from __future__ import annotations

import re


def test_pages_name_the_content_of_their_files(client) -> None:
    files = re.findall(r'"(/static/[^"]+)"', client.get("/search?q=sad").text)
    assert len(files) >= 3
    for address in files:
        assert re.search(r"\?v=[0-9a-f]{12}$", address), address
        with client.get(address) as response:
            assert response.status_code == 200
            assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert "Content-Security-Policy" in response.headers


def test_a_file_under_another_version_is_asked_for_again(client) -> None:
    for address in ("/static/tagkin.css", "/static/tagkin.css?v=000000000000"):
        with client.get(address) as response:
            assert response.headers["Cache-Control"] == "no-cache"
            tag = response.headers["ETag"]
        with client.get(address, headers={"If-None-Match": tag}) as response:
            assert response.status_code == 304


def test_files_are_found_under_another_root(client) -> None:
    page = client.get("/suggest", environ_overrides={"SCRIPT_NAME": "/music"}).text
    assert re.search(r'href="/music/static/tagkin\.css\?v=', page)
    assert re.search(r'href="/static/tagkin\.css\?v=', client.get("/suggest").text)
