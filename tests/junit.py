#!/usr/bin/python3
"""junit.py FILE…: whether these are JUnit's XML as readers know it, with counts that are those of what is in them. Prints a line for each case:
kind (passed, failure, error, skipped), class and name, message, and the words inside, with tabs between and as JSON has strings.

The format has no standard. This is what the schemas of Jenkins' xUnit plugin and of Windy Road have in common; what nextest adds to it is known as well."""

import json
import sys
import xml.etree.ElementTree as tree

COUNTS = ("tests", "failures", "errors", "skipped")
SUITE = set(COUNTS) | {"name", "time", "timestamp", "hostname", "id", "package", "disabled"}
RESULTS = {"failure": "failures", "error": "errors", "skipped": "skipped"}
OUTPUTS = {"system-out", "system-err", "properties"}


def need(truth, words):
    if not truth:
        sys.exit(f"junit.py: {words}")


def attributes(e, known, required=()):
    need(not set(e.attrib) - known, f"{e.tag} has {sorted(set(e.attrib) - known)}")
    for name in required:
        need(e.get(name), f"{e.tag} lacks {name}")
    for name in COUNTS:
        need(name not in e.attrib or e.get(name).isdigit(), f"{e.tag}: {name} is no number")


def case(e, name):
    attributes(e, {"name", "classname", "time", "timestamp", "status", "file", "line", "assertions"}, ("name", "classname"))
    need(name not in case.seen, f"{name} is there twice")
    case.seen.add(name)
    found = [c for c in e if c.tag in RESULTS]
    need(len(found) <= 1, f"{name} has several results")
    for c in e:
        need(c.tag in RESULTS or c.tag in OUTPUTS or c.tag in {"rerunFailure", "flakyFailure"}, f"{name} has {c.tag}")
        if c.tag in RESULTS:
            attributes(c, {"message", "type"})
    one = found[0] if found else None
    kind = one.tag if found else "passed"
    words = (one.get("message") or "", (one.text or "").strip()) if found else ("", "")
    print("\t".join(json.dumps(w) for w in (kind, e.get("classname"), e.get("name")) + words))
    return kind


case.seen = set()


def suite(e):
    attributes(e, SUITE | {"uuid"}, ("name",))
    n = dict.fromkeys(COUNTS, 0)
    for c in e:
        need(c.tag in OUTPUTS | {"testcase"}, f"a suite has {c.tag}")
        if c.tag == "testcase":
            kind = case(c, (e.get("name"), c.get("classname"), c.get("name")))
            n["tests"] += 1
            if kind in RESULTS:
                n[RESULTS[kind]] += 1
    for name in COUNTS:
        said = e.get(name, e.get("disabled", "0") if name == "skipped" else None)
        need(said is not None and int(said) == n[name], f"suite {e.get('name')} says {name}={said}, and has {n[name]}")
    return n


def main(path):
    case.seen.clear()
    root = tree.parse(path).getroot()
    if root.tag == "testsuite":
        suite(root)
        return
    need(root.tag == "testsuites", f"the root is {root.tag}")
    attributes(root, SUITE | {"uuid"})
    all_of_them = [suite(e) for e in root]
    for name in COUNTS:
        need(name not in root.attrib or int(root.get(name)) == sum(n[name] for n in all_of_them), f"all of them: {name}")


for file in sys.argv[1:]:
    main(file)
