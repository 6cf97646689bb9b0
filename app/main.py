"""Entry of the Streamlit app: the pages, and the one place where errors become messages."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.views import problems
from app.views.access import opened_store

_ICON = Path(__file__).parent / "assets" / "icon.svg"


def main() -> None:
    """Shows the page that the URL names."""
    # A local icon: the default would be fetched from another host.
    st.set_page_config(page_title="Lineage", page_icon=str(_ICON), layout="wide")
    pages = {
        "Ask": [
            st.Page("views/home.py", title="Search", icon=":material/search:", default=True),
            st.Page("views/dataset.py", title="Dataset", icon=":material/account_tree:"),
            st.Page("views/impact.py", title="What breaks", icon=":material/bolt:"),
        ],
        "Tidy": [
            st.Page("views/orphans.py", title="Orphans", icon=":material/delete_sweep:"),
            st.Page("views/scorecards.py", title="Scorecards", icon=":material/scoreboard:"),
        ],
        "Trust": [st.Page("views/imports.py", title="Imports", icon=":material/fact_check:")],
    }
    page = st.navigation(pages)
    with problems.explained():
        opened_store()  # without a store no page has anything to say
        page.run()


if __name__ == "__main__":
    main()
