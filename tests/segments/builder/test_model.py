"""The pure modules of the builder, run where they will run: moves, opposites, taking back, days of windows."""

from typing import Any

import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.django_db(transaction=True)

# Conditions are letters, groups are objects: {"all": ["a", {"any": ["b", "c"]}]}.
ACT = """async ([base, tree, act, letter, ...more]) => {
    const model = await import(`${base}/static/segments/builder/model.js`);
    const root = model.read(tree);
    const is = (name) => ({ node, path }) => node.condition === name || path === name;
    const at = (name) => [...model.walk(root)].find(is(name))?.node.id;
    const given = more.map((one) => (typeof one === "string" && at(one)) || (Array.isArray(one) ? one.map(at) : one));
    const made = act === "gather" ? model.gather(root, ...given) : model[act](root, at(letter), ...given);
    const next = made && made.root ? made.root : made;
    return [next && model.write(next), model.write(root)];
}"""
TREE: dict[str, Any] = {"all": ["a", {"any": ["b", "c"]}, "d"]}


@pytest.fixture
def act(page: Page, live_server: LiveServer) -> Any:
    """Does one act of the model to a tree; the tree itself must stay as it was."""
    page.goto(f"{live_server.url}/static/segments/builder.css")

    def acted(tree: dict[str, Any], name: str, letter: str = "", *more: Any) -> Any:
        made, before = page.evaluate(ACT, [live_server.url, tree, name, letter, *more])
        assert before == tree
        return made

    return acted


def test_moves_by_key(act: Any) -> None:
    assert act(TREE, "shift", "d", "up") == {"all": ["a", "d", {"any": ["b", "c"]}]}
    assert act(TREE, "shift", "a", "down") == {"all": [{"any": ["b", "c"]}, "a", "d"]}
    assert act(TREE, "shift", "a", "in") == {"all": [{"any": ["a", "b", "c"]}, "d"]}
    assert act(TREE, "shift", "d", "in") == {"all": ["a", {"any": ["b", "c", "d"]}]}
    assert act(TREE, "shift", "b", "out") == {"all": ["a", {"any": ["c"]}, "b", "d"]}
    assert act(TREE, "shift", "b", "up") == {"all": ["a", "b", {"any": ["c"]}, "d"]}
    assert act(TREE, "shift", "c", "down") == {"all": ["a", {"any": ["b"]}, "c", "d"]}
    assert act({"all": ["a", {"any": ["b"]}]}, "shift", "b", "out") == {"all": ["a", "b"]}
    assert act(TREE, "shift", "a", "up") is None
    assert act(TREE, "shift", "b", "in") is None
    assert act(TREE, "shift", "root", "down") is None


def test_moves_by_pointer_count_places_before_the_part_is_taken_out(act: Any) -> None:
    assert act(TREE, "move", "a", "root", 3) == {"all": [{"any": ["b", "c"]}, "d", "a"]}
    assert act(TREE, "move", "a", "root.all[1]", 1) == {"all": [{"any": ["b", "a", "c"]}, "d"]}
    assert act(TREE, "move", "root.all[1]", "root.all[1]", 0) is None
    assert act(TREE, "move", "root", "root.all[1]", 0) is None


def test_no_move_makes_a_rule_too_deep(act: Any) -> None:
    deep: Any = "x"
    for _level in range(5):
        deep = {"any": [deep]}
    assert (
        act(
            {"all": [deep, {"none": ["y"]}]},
            "move",
            "root.all[1]",
            "root.all[0].any[0].any[0].any[0].any[0]",
            0,
        )
        is None
    )
    assert act({"all": [deep, "y"]}, "gather", "", ["root.all[0]"]) is None


def test_groups_are_made_and_taken_apart(act: Any) -> None:
    assert act(TREE, "gather", "", ["a", "d"]) == {"all": [{"any": ["a", "d"]}, {"any": ["b", "c"]}]}
    assert act(TREE, "gather", "", ["a", "b"], "all") == {"all": [{"all": ["a"]}, {"any": ["b", "c"]}, "d"]}
    assert act(TREE, "ungroup", "root.all[1]") == {"all": ["a", "b", "c", "d"]}
    assert act(TREE, "ungroup", "a") is None
    assert act(TREE, "duplicate", "root.all[1]") == {
        "all": ["a", {"any": ["b", "c"]}, {"any": ["b", "c"]}, "d"]
    }
    assert act(TREE, "remove", "b") == {"all": ["a", {"any": ["c"]}, "d"]}


def test_the_opposite_of_the_opposite_is_the_same(act: Any) -> None:
    assert act(TREE, "negate", "a") == {"all": [{"none": ["a"]}, {"any": ["b", "c"]}, "d"]}
    assert act({"all": [{"none": ["a"]}]}, "negate", "root.all[0]") == {"all": ["a"]}
    assert act(TREE, "negate", "root.all[1]") == {"all": ["a", {"none": ["b", "c"]}, "d"]}
    assert act(TREE, "negate", "root") == {"none": [TREE]}
    assert act({"none": [TREE]}, "negate", "root") == TREE


def test_taking_back_and_doing_again(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/static/segments/builder.css")
    seen = page.evaluate(
        """async (base) => {
            const { History } = await import(`${base}/static/segments/builder/history.js`);
            let now = 0;
            const history = new History(0, () => now);
            const seen = [];
            history.put(1, "name"); history.put(2, "name"); now = 5000; history.put(3, "name"); history.put(4);
            while (history.undo()) seen.push(history.state);
            while (history.redo()) seen.push(history.state);
            history.undo(); history.put(9);
            return [...seen, history.redo(), history.state];
        }""",
        live_server.url,
    )
    assert seen == [3, 2, 0, 2, 3, 4, False, 9]


def test_the_days_that_a_window_means(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/static/segments/builder.css")
    asked = [
        ["in_last_days", 30], ["in_last_calendar_days", 30], ["more_than_days_ago", 365], ["in_next_days", 7],
        ["in_current", "week"], ["in_current", "month"], ["in_current", "year"], ["in_current", "day"],
        ["in_last_days", None], ["in_last_days", 0], ["between", ["2026-01-01", "2026-01-02"]],
    ]  # fmt: skip
    spans = page.evaluate(
        """async ([base, asked]) => {
            const { span } = await import(`${base}/static/segments/builder/windows.js`);
            const spans = asked.map(([name, value]) => span(name, value, "2026-11-26"));
            return spans.map((one) => one && [one.from, one.to]);
        }""",
        [live_server.url, asked],
    )
    assert spans == [
        ["2026-10-27", "2026-11-26"], ["2026-10-28", "2026-11-26"], [None, "2025-11-26"],
        ["2026-11-26", "2026-12-03"], ["2026-11-23", "2026-11-26"], ["2026-11-01", "2026-11-26"],
        ["2026-01-01", "2026-11-26"], ["2026-11-26", "2026-11-26"], None, None, None,
    ]  # fmt: skip


def test_a_path_of_a_refusal_finds_its_row_and_its_line(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/static/segments/builder.css")
    rule = {"version": 1, "root": {"all": [{"field": "a"}, {"any": [{"field": "b", "value": [1]}]}]}}
    found = page.evaluate(
        """async ([base, rule]) => {
            const model = await import(`${base}/static/segments/builder/model.js`);
            const { lineOfPath } = await import(`${base}/static/segments/builder/json.js`);
            const { text, lines } = model.printed(rule);
            const root = model.load(rule);
            const line = (path) => text.split("\\n")[lineOfPath(lines, path) - 1].trim();
            const at = (path) => [model.atPath(root, path).condition?.field ?? null, line(path)];
            return [JSON.parse(text), at("root.all[1].any[0].value[0]"), at("root.all[0].op"), at("root.all[1].any")];
        }""",
        [live_server.url, rule],
    )
    assert found == [rule, ["b", "1"], ["a", "{"], [None, '"any": [']]


def test_where_a_text_stops_being_json(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/static/segments/builder.css")
    texts = [
        '{"a": [1, 2,\n 3]\n}}',
        '{\n"a" 1}',
        "[\n\n]\nx",
        '{\n"a": "b\n"}',
        "",
        "[1,\n\n]",
        '{"a": 01}',
        '{"a":1,\n}',
    ]
    lines = page.evaluate(
        """async ([base, texts]) => {
            const { brokenLine } = await import(`${base}/static/segments/builder/json.js`);
            return texts.map(brokenLine);
        }""",
        [live_server.url, texts],
    )
    assert lines == [3, 2, 4, 2, 1, 3, 1, 2]
