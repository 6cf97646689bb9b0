"""Each page on the sample company, and what it says when there is nothing to say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

MAIN = Path(__file__).resolve().parents[1] / "app" / "main.py"
SHARED = "snowflake://modaloop-prod:ANALYTICS.SHARED.CUSTOMER_360"


@pytest.fixture
def on_sample(sample_store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The app asks the store of the sample company."""
    monkeypatch.setenv("LINEAGE_STORE", sample_store)


def page(name: str, **query: str | list[str]) -> AppTest:
    """A page with its query parameters, after its first run."""
    app = AppTest.from_file(str(MAIN), default_timeout=600)
    if name != "home":
        app.switch_page(f"views/{name}.py")
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def verdict(app: AppTest) -> str:
    """The sentence on top of an answer."""
    return next(m.value for m in app.markdown if m.value.startswith("#### ")).replace("\\", "")


def canvas(app: AppTest) -> dict:
    """What the canvas component was sent."""
    (component,) = app.get("bidi_component")
    return json.loads(component.proto.json)


@pytest.mark.usefixtures("on_sample")
class TestSample:
    """The pages answer on the sample company."""

    def test_home_finds_by_name_column_and_consumer(self) -> None:
        """A table, a column and a dashboard are typed into the same box."""
        assert len(page("home").dataframe[0].value) > 50
        by_name = page("home", q="customer_360").dataframe[0].value
        assert by_name["dataset"].tolist()[0] == "CUSTOMER_360"
        by_column = page("home", q="voucher_code").dataframe[0].value
        assert any(why.lower() == "column voucher_code" for why in by_column["why"])
        by_reader = page("home", q="campaign board").dataframe[0].value
        assert {"read by Campaign board"} == set(by_reader["why"])

    def test_home_says_when_nothing_is_found(self) -> None:
        """No empty table: a sentence."""
        app = page("home", q="no such thing")
        assert not app.dataframe
        assert "Nothing is called" in app.info[0].value

    def test_dataset_names_its_consumers_and_how_well_was_listened(self) -> None:
        """The verdict counts the fourteen consumers; window and coverage stand below."""
        app = page("dataset", dataset=SHARED)
        assert not app.exception
        assert "14 consumers" in verdict(app)
        assert any("logs cover" in caption.value for caption in app.caption)
        assert len(app.dataframe[1].value) >= 14

    def test_dataset_is_found_by_the_end_of_its_name(self) -> None:
        """The URL takes what the command line takes."""
        assert page("dataset", dataset="shared.customer_360").title[0].value == "CUSTOMER\\_360"

    def test_dataset_says_who_owns_and_who_writes_it(self) -> None:
        """Below the verdict: the owner with a contact, the job, and when it wrote last."""
        app = page("dataset", dataset="ANALYTICS.MART.ORDERS")
        origin = next(c.value for c in app.caption if "Written by" in c.value).replace("\\", "")
        assert origin.startswith("Owned by checkout. Contact: #team-checkout. Written by model.")
        assert "last on 2026-10-31" in origin

    def test_dataset_of_a_column(self) -> None:
        """Only who uses the column is counted, and all columns are one click away."""
        app = page("dataset", dataset="ANALYTICS.MART.ORDERS", column="voucher_code")
        assert "VOUCHER_CODE" in verdict(app)

    def test_lineage_opens_on_the_dataset(self) -> None:
        """The canvas holds its neighbourhood; more hops hold more."""
        app = page("dataset", dataset="ANALYTICS.MART.ORDERS", tab="Lineage")
        near = canvas(app)
        assert near["focus"] == "snowflake://modaloop-prod:ANALYTICS.MART.ORDERS"
        app.segmented_control(key="down").set_value(0).run()
        assert len(canvas(app)["nodes"]) < len(near["nodes"])

    def test_columns_say_who_uses_each(self) -> None:
        """A row for each column, with the roles."""
        app = page("dataset", dataset="ANALYTICS.MART.ORDERS", tab="Columns")
        table = app.dataframe[0].value
        assert table.set_index("column").loc["VOUCHER_CODE", "Consumers"] >= 1

    def test_stewardship_says_what_is_decided_and_promised(self) -> None:
        """The contract with the column that it does not promise, rows by day, cost."""
        app = page("dataset", dataset="ANALYTICS.MART.ORDERS", tab="Stewardship")
        assert not app.exception
        decided, clauses = app.dataframe[0].value, app.dataframe[1].value
        assert decided.set_index("What").loc["Support", "Is"] == "guaranteed (contract)"
        assert clauses.iloc[0]["About"] == "VOUCHER_CODE"
        assert app.get("arrow_vega_lite_chart") or app.get("vega_lite_chart")
        assert {"In all", "Storage", "Writing"} <= {metric.label for metric in app.metric}

    def test_stewardship_of_what_nobody_owns_proposes_a_team(self) -> None:
        """With the way out so far, and the command that claims it."""
        app = page("dataset", dataset="SANDBOX.COHORT_BASE", tab="Stewardship")
        decided, proposed = app.dataframe[0].value, app.dataframe[1].value
        assert decided["Is"].tolist()[-2:] == ["proposed", "tombstoned"]
        assert proposed["Team"].tolist()[0] == "marketing"
        assert any("owners claim" in code.value and "marketing" in code.value for code in app.code)

    def test_stewardship_tells_of_checks_and_other_names(self) -> None:
        """What failed comes first; a table that Spark calls by its files is one dataset."""
        viewed = page("dataset", dataset="archive.bus.page_viewed", tab="Stewardship")
        assert viewed.dataframe[1].value["Last result"].tolist() == ["failed", "passed"]
        scores = page("dataset", dataset="features.fraud_scores", tab="Stewardship")
        assert scores.dataframe[-1].value["Name"].tolist() == ["features/fraud_scores"]

    @pytest.mark.parametrize(
        "change",
        [
            "drop column ANALYTICS.MART.ORDERS.VOUCHER_CODE",
            "ALTER TABLE ANALYTICS.MART.ORDERS DROP COLUMN VOUCHER_CODE",
        ],
    )
    def test_impact_names_what_breaks_whom_to_tell_and_shows_it(self, change: str) -> None:
        """Words and DDL give the same answer: verdict, teams, picture, items."""
        app = page("impact", change=change)
        assert not app.exception
        assert verdict(app).startswith("#### Dropping ANALYTICS.MART.ORDERS.VOUCHER_CODE breaks")
        teams, items = app.dataframe[0].value, app.dataframe[1].value
        assert teams["Fails"].sum() == (items["ring"] == "fails").sum() > 0
        rings = {node.get("impact") for node in canvas(app)["nodes"]}
        assert {"origin", "fails"} <= rings

    def test_impact_composes_a_change(self) -> None:
        """Without a change there is a form; an empty one asks for a dataset."""
        app = page("impact")
        assert not app.exception
        assert [box.label for box in app.selectbox] == ["What", "Dataset"]

    def test_orphans_are_chosen_by_the_url(self) -> None:
        """Only rows that carry the label."""
        app = page("orphans", **{"class": "copy"})
        assert not app.exception
        labels = app.dataframe[-1].value["labels"].tolist()
        assert labels
        assert all("copy" in mine for mine in labels)

    def test_orphans_show_what_can_go_with_its_cost(self) -> None:
        """The most expensive set comes first; what is tombstoned is said in its row."""
        app = page("orphans")
        assert not app.exception
        sets, rows = app.dataframe[0].value, app.dataframe[1].value
        assert sets["cost"].tolist() == sorted(sets["cost"], reverse=True)
        going = rows.set_index("dataset")["On its way out"]
        assert going["ANALYTICS.SANDBOX.COHORT_BASE"] == "tombstoned"

    @pytest.mark.parametrize(
        ("member", "state"),
        [("ANALYTICS.SANDBOX.COHORT_BASE", "PROVEN"), ("shipment_audit", "INSUFFICIENT")],
    )
    def test_a_set_that_is_chosen_shows_its_proof(self, member: str, state: str) -> None:
        """The state, the eight conditions, and the commands that prove it again."""
        app = page("orphans")
        sets = app.dataframe[0].value["what"].tolist()
        chosen = next(n for n, some in enumerate(sets) if any(member in one for one in some))
        app.session_state["branches"] = {"selection": {"rows": [chosen], "columns": []}}
        app.run()
        assert not app.exception
        assert any(m.value.replace("\\", "").startswith(f"{state}") for m in app.markdown)
        assert len(app.dataframe[2].value) == 8
        assert "lineage verify" in app.code[0].value

    def test_scorecards_are_of_domains_or_of_one_team(self) -> None:
        """A row a domain, who uses whose data; of one team its measures and the eight traits."""
        app = page("scorecards")
        assert not app.exception
        cards, flows = app.dataframe[0].value, app.dataframe[1].value
        assert set(flows["Data of"]) - {"none"} <= set(cards["Domain"])
        app = page("scorecards", by="team", of="checkout")
        assert not app.exception
        assert [len(table.value) for table in app.dataframe[:2]] == [6, 8]

    def test_imports_name_every_source_and_what_was_not_understood(self) -> None:
        """The two records that are broken on purpose are listed with their files."""
        app = page("imports")
        assert not app.exception
        assert {"postgres://orders-db:5432", "trino://lake:8443"} <= set(
            app.dataframe[0].value["Source"]
        )
        letters = app.dataframe[1].value
        assert letters["Records"].sum() >= 2

    @pytest.mark.parametrize(
        ("name", "query", "said"),
        [
            ("dataset", {"dataset": "no.such"}, "Nothing here is called"),
            ("dataset", {"dataset": ":::"}, "Nothing here is called"),
            ("dataset", {"dataset": SHARED, "column": "nope"}, "Nothing here is called"),
            ("impact", {"change": "do something"}, "is no change"),
            ("impact", {"change": "drop column nope.nope"}, "Nothing here is called"),
            ("impact", {"change": "ALTER TABLE"}, "no change"),
        ],
    )
    def test_bad_input_gets_a_message(self, name: str, query: dict[str, str], said: str) -> None:
        """Never a traceback: what is wrong, and a way on."""
        app = page(name, **query)
        assert not app.exception
        assert said in app.error[0].value

    def test_unknown_values_in_the_url_are_left_aside(self) -> None:
        """A label or a domain that does not exist chooses nothing."""
        app = page("orphans", **{"class": "nonsense", "domain": "nowhere"})
        assert not app.exception
        assert app.selectbox[0].value == "All domains"


@pytest.mark.parametrize("name", ["home", "dataset", "impact", "orphans", "scorecards", "imports"])
class TestWithoutAnswers:
    """Every page where there is no store, or none that can be read."""

    def test_no_store(self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The page says how to import."""
        monkeypatch.setenv("LINEAGE_STORE", f"sqlite:///{tmp_path / 'none.db'}")
        app = page(name, dataset="x", change="drop dataset x")
        assert not app.exception
        assert app.title[0].value == "Nothing imported yet"
        assert any("lineage import" in code.value for code in app.code)
        assert not (tmp_path / "none.db").exists()

    def test_not_a_store(self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The page says what is wrong with it."""
        (tmp_path / "text.db").write_text("this is no database" * 100)
        monkeypatch.setenv("LINEAGE_STORE", f"sqlite:///{tmp_path / 'text.db'}")
        app = page(name, dataset="x", change="drop dataset x")
        assert not app.exception
        assert app.error
