"""The store never goes back in time, whoever tells it what in whatever order."""

from hypothesis import given
from hypothesis import strategies as st

from consortium_operator.chain.naming import CHAIN_LABEL, MEMBER_LABEL
from consortium_operator.kube.kinds import CONFIG_MAP, SECRET, SERVICE, JsonObject, key_of
from consortium_operator.kube.projection import project
from consortium_operator.kube.store import Store
from tests.unit.kube.fake_api import config_map

EVERYWHERE = (CONFIG_MAP, None)
A = key_of(config_map("a", 1))


def known_version(store: Store) -> str | None:
    known = store.get(A)
    return known.resource_version if known else None


def see(store: Store, obj: JsonObject) -> bool:
    return bool(store.see(project(obj)))


def test_what_was_seen_is_found_by_key_and_by_chain() -> None:
    store = Store()
    other = config_map("c", 3)
    other["metadata"]["labels"][CHAIN_LABEL] = "other"
    for obj in (config_map("b", 2), config_map("a", 1), other):
        assert see(store, obj)
    assert [one.key.name for one in store.by_chain("chains", "trade")] == ["a", "b"]
    assert [one.key.name for one in store.by_chain("chains", "trade", CONFIG_MAP)] == ["a", "b"]
    assert store.by_chain("chains", "trade", SERVICE) == []
    assert store.by_chain("elsewhere", "trade") == []
    assert len(store) == 3


def test_what_a_member_has_is_found_by_its_label_for_as_long_as_it_bears_it() -> None:
    store = Store()
    of_webank = config_map("b", 1)
    of_webank["metadata"]["labels"][MEMBER_LABEL] = "webank"
    see(store, of_webank)
    see(store, config_map("a", 2))
    place = ("chains", "trade", "webank", CONFIG_MAP)
    assert [one.key.name for one in store.by_member(*place)] == ["b"]
    store.begin_list(*EVERYWHERE, "0")
    assert [one.resource_version for one in store.by_member(*place)] == ["1"]
    see(store, config_map("b", 3))
    assert store.by_member(*place) == []
    assert [one.key.name for one in store.by_chain("chains", "trade")] == ["a", "b"]


def test_what_a_config_map_holds_is_kept_only_where_there_are_chains() -> None:
    """Anybody may write our label, in every namespace, on a megabyte."""
    inhabited = {"chains"}
    store = Store(inhabited.__contains__)
    strange, relabelled = config_map("b", 2), config_map("c", 3)
    strange["metadata"]["namespace"] = "elsewhere"
    relabelled["metadata"]["labels"][CHAIN_LABEL] = "mallory"
    for one in (config_map("a", 1), strange, relabelled):
        see(store, one)
    (kept,), (bare,) = store.by_chain("chains", "trade"), store.by_chain("elsewhere", "trade")
    assert (kept.detail, bare.detail) == (config_map("a", 1)["data"], None)
    assert store.by_chain("chains", "mallory")[0].detail == kept.detail
    assert not store.lacks_content("chains")
    assert store.lacks_content("elsewhere")
    store.shed("chains")
    assert not store.lacks_content("chains")
    inhabited.clear()
    store.shed("chains")
    assert store.lacks_content("chains")
    inhabited.add("chains")
    store.record(config_map("a", 1))
    store.record(relabelled)
    assert store.by_chain("chains", "trade") == [kept]
    assert not store.lacks_content("chains")


def test_the_same_state_again_is_no_change() -> None:
    store = Store()
    see(store, config_map("a", 1))
    revision = store.revision("chains", "trade")
    assert not see(store, config_map("a", 2))
    assert known_version(store) == "2"
    assert store.revision("chains", "trade") == revision
    assert see(store, config_map("a", 3, more="1"))
    assert store.revision("chains", "trade") != revision


def test_a_chain_has_another_revision_after_whatever_becomes_of_its_objects() -> None:
    store = Store()
    elsewhere = config_map("a", 8)
    elsewhere["metadata"]["labels"][CHAIN_LABEL] = "other"
    deeds = (
        lambda: store.see(project(config_map("a", 1))),
        lambda: store.lose(project(config_map("a", 2))),
        lambda: store.record(config_map("a", 3)),
        lambda: store.forget(A, store.by_chain("chains", "trade")[0].uid),
        lambda: store.see(project(config_map("a", 5))),
        lambda: store.end_list(*EVERYWHERE, set(), "6"),
        lambda: store.see(project(config_map("a", 7))),
        lambda: store.see(project(elsewhere)),
    )
    revisions = [store.revision("chains", "trade")]
    for deed in deeds:
        deed()
        revisions.append(store.revision("chains", "trade"))
    assert len(set(revisions)) == len(revisions)
    assert store.by_chain("chains", "trade") == []
    assert store.revision("chains", "other") == 1


def test_an_older_state_is_ignored() -> None:
    store = Store()
    store.record(config_map("a", 5, new="1"))
    assert not see(store, config_map("a", 4))
    assert not store.lose(project(config_map("a", 4)))
    store.record(config_map("a", 3))
    assert known_version(store) == "5"


def test_versions_compare_as_numbers() -> None:
    store = Store()
    see(store, config_map("a", 10))
    assert not see(store, config_map("a", 9, older="1"))


def test_our_own_write_is_no_news_when_the_watch_shows_it() -> None:
    store = Store()
    store.record(config_map("a", 5))
    assert known_version(store) == "5"
    assert not see(store, config_map("a", 5))


def test_a_late_answer_does_not_bring_back_what_the_watch_saw_end() -> None:
    store = Store()
    see(store, config_map("a", 5))
    store.lose(project(config_map("a", 6)))
    store.advance(*EVERYWHERE, "6")
    store.record(config_map("a", 5))
    assert store.get(A) is None
    store.record(config_map("a", 7))
    assert known_version(store) == "7"


def test_only_the_object_that_we_deleted_is_forgotten() -> None:
    store = Store()
    see(store, config_map("a", 5))
    store.forget(A, "uid-of-another")
    assert store.get(A) is not None
    store.forget(A, "uid-a")
    assert store.get(A) is None
    store.forget(A, "uid-a")


def test_secrets_and_objects_of_no_chain_are_not_kept() -> None:
    store = Store()
    secret = config_map("a", 5) | {"kind": "Secret"}
    store.record(secret)
    foreign = config_map("a", 5)
    foreign["metadata"]["labels"] = {}
    store.record(foreign)
    assert len(store) == 0
    assert store.get(key_of(secret)) is None
    assert key_of(secret).kind == SECRET


def test_what_a_new_list_lacks_is_gone_but_what_we_wrote_since_stays() -> None:
    store = Store()
    for name, version in (("a", 1), ("b", 2), ("c", 3)):
        see(store, config_map(name, version))
    store.record(config_map("d", 12))
    service = config_map("s", 4) | {"kind": "Service", "spec": {}}
    see(store, service)
    store.begin_list(*EVERYWHERE, "10")
    gone = store.end_list(*EVERYWHERE, {A}, "10")
    assert {change.before.key.name for change in gone if change.before} == {"b", "c"}
    assert {one.key.name for one in store.by_chain("chains", "trade")} == {"a", "d", "s"}


def test_a_list_of_one_namespace_says_nothing_of_another() -> None:
    store = Store()
    see(store, config_map("a", 1))
    assert store.end_list(CONFIG_MAP, "elsewhere", set(), "10") == []
    assert store.get(A) is not None


def test_a_restored_etcd_wins_over_what_is_known() -> None:
    store = Store()
    see(store, config_map("a", 900, newest="1"))
    see(store, config_map("b", 901))
    store.end_list(*EVERYWHERE, {A, key_of(config_map("b", 1))}, "1000")
    assert not store.advance(*EVERYWHERE, "500")
    store.begin_list(*EVERYWHERE, "500")
    assert see(store, config_map("a", 400))
    store.end_list(*EVERYWHERE, {A}, "500")
    assert known_version(store) == "400"
    assert len(store) == 1
    assert store.advance(*EVERYWHERE, "501")


@given(st.data())
def test_any_order_of_events_and_late_answers_ends_in_the_last_state(data: st.DataObject) -> None:
    """One object's life is told by the watch in order; answers to our writes come at any time."""
    life = data.draw(
        st.lists(st.sampled_from(["write", "foreign", "delete"]), min_size=1, max_size=8)
    )
    store, alive, events, answers = Store(), False, [], []
    for version, step in enumerate(life, start=1):
        gone = step == "delete"
        if gone and not alive:
            continue
        obj = config_map("a", version, at=str(version))
        events.append((gone, obj))
        if step == "write":
            answers.append(obj)
        alive = not gone
    while events or answers:
        if answers and (not events or data.draw(st.booleans())):
            at = data.draw(st.integers(0, len(answers) - 1))
            store.record(answers.pop(at))
            continue
        gone, obj = events.pop(0)
        store.lose(project(obj)) if gone else store.see(project(obj))
        store.advance(*EVERYWHERE, obj["metadata"]["resourceVersion"])
    expected = str(max_version(life)) if alive else None
    assert known_version(store) == expected


def max_version(life: list[str]) -> int:
    """The version of the last step that wrote something."""
    return max(n for n, step in enumerate(life, start=1) if step != "delete")
