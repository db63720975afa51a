#!/usr/bin/python3
"""workflow.py DOCUMENT PROJECT KTSTR STATE EVENT: runs the GitHub workflow that a document shows, as far as that can be done here.

Each job gets a new folder with a copy of PROJECT in it, and KTSTR below the name "ktstr"; each of its "run:" steps is run by sh -e, with the
variables and files that GitHub gives it. Actions are played: caches and uploads are folders of STATE. What is neither known here nor by GitHub is an error: an
action, an input of one, an expression. Prints a line for each step, and "JOB success" or "JOB failure"; ends with 1 when a job failed."""

import hashlib
import os
import re
import shutil
import subprocess
import sys

import yaml

ACTIONS = {
    "actions/checkout@v4": {"repository", "path", "ref"},
    "actions/cache/restore@v4": {"path", "key", "restore-keys", "fail-on-cache-miss"},
    "actions/cache/save@v4": {"path", "key"},
    "actions/upload-artifact@v4": {"name", "path", "if-no-files-found", "retention-days"},
}
JOB_KEYS = {"needs", "runs-on", "container", "strategy", "steps", "env"}
STEP_KEYS = {"name", "id", "uses", "run", "with", "if", "env"}


def die(words):
    sys.exit(f"workflow.py: {words}")


def shown(document, language):
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", open(document).read(), re.M | re.S)
    found = [b for b in blocks if language != "yaml" or b.startswith("name:")]
    return found[0] if found else die(f"{document} shows no {language}")


class Job:
    def __init__(self, place, name, spec, matrix):
        self.place, self.spec, self.matrix = place, spec, matrix
        self.name = " ".join([name] + [str(v) for v in matrix.values()])
        self.dir = os.path.join(place["state"], "work", self.name.replace(" ", "-"))
        self.failed = False
        self.outputs = {}
        self.env = dict(os.environ)
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(self.dir)

    def value(self, text):
        """One expression, without ${{ }}."""
        text = text.strip()
        for sign, equal in (("==", True), ("!=", False)):
            if f" {sign} " in text:
                left, right = text.split(f" {sign} ")
                return (self.value(left) == self.value(right)) == equal
        if re.fullmatch(r"'[^']*'", text):
            return text[1:-1]
        files = re.fullmatch(r"hashFiles\('([^']*)'\)", text)
        if files:
            return hashlib.sha256(open(os.path.join(self.dir, files[1]), "rb").read()).hexdigest()
        known = {
            "always()": True,
            "github.event_name": self.place["event"],
            "github.run_id": self.place["run"],
            "vars.KTSTR_REPOSITORY": "owner/ktstr",
        }
        known.update({f"matrix.{k}": str(v) for k, v in self.matrix.items()})
        known.update({f"steps.{k}.outputs.cache-hit": v for k, v in self.outputs.items()})
        if text in known:
            return known[text]
        return die(f"the expression {text} is not known")

    def fill(self, text):
        return re.sub(r"\$\{\{(.*?)\}\}", lambda m: str(self.value(m[1])), str(text))

    def cache(self, key):
        return os.path.join(self.place["state"], "caches", re.sub(r"[^A-Za-z0-9.-]", "_", key))

    def restore(self, given, step):
        exact = self.cache(given["key"])
        found = exact if os.path.isdir(exact) else None
        base = os.path.dirname(exact)
        for prefix in given.get("restore-keys", "").split():
            like = [os.path.join(base, n) for n in os.listdir(base) if n.startswith(prefix)]
            found = found or max(like, key=os.path.getmtime, default=None)
        self.outputs[step.get("id")] = "true" if found == exact else "false"
        if found:
            shutil.copytree(found, os.path.join(self.dir, given["path"]), symlinks=True)
        elif given.get("fail-on-cache-miss") == "True":
            return 1
        return 0

    def save(self, given):
        to, path = self.cache(given["key"]), os.path.join(self.dir, given["path"])
        if os.path.isdir(path) and not os.path.isdir(to):
            shutil.copytree(path, to, symlinks=True)
        return 0

    def upload(self, given):
        path = os.path.join(self.dir, given["path"])
        if not os.path.exists(path):
            return 1
        shutil.copy(path, os.path.join(self.place["state"], "uploads", given["name"] + "-" + os.path.basename(path)))
        return 0

    def checkout(self, given):
        if "repository" not in given:
            shutil.copytree(self.place["project"], self.dir, dirs_exist_ok=True, symlinks=True)
        elif given["repository"]:
            os.symlink(self.place["ktstr"], os.path.join(self.dir, given["path"]))
        return 0

    def act(self, step):
        given = {k: self.fill(v) for k, v in step.get("with", {}).items()}
        if step["uses"] not in ACTIONS or set(given) - ACTIONS[step["uses"]]:
            die(f"{step['uses']} with {', '.join(given)} is not known")
        if "checkout" in step["uses"]:
            return self.checkout(given)
        if "restore" in step["uses"]:
            return self.restore(given, step)
        return self.save(given) if "save" in step["uses"] else self.upload(given)

    def shell(self, step):
        page = os.path.join(self.place["state"], "pages", self.name.replace(" ", "-") + ".md")
        env = dict(self.env, CI="true", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=page, GITHUB_WORKSPACE=self.dir)
        env.update({k: self.fill(v) for k, v in step.get("env", {}).items()})
        return subprocess.run(["sh", "-e", "-c", self.fill(step["run"])], cwd=self.dir, env=env, stdin=subprocess.DEVNULL).returncode

    def run(self):
        for step in self.spec["steps"]:
            if set(step) - STEP_KEYS or ("uses" in step) == ("run" in step):
                die(f"a step with {', '.join(step)}")
            wanted = self.value(str(step["if"])) if "if" in step else True
            name = step.get("name", step.get("uses"))
            if not wanted or (self.failed and str(step.get("if")) != "always()"):
                print(f"{self.name}: {name}: left out", flush=True)
                continue
            code = self.shell(step) if "run" in step else self.act(step)
            self.failed = self.failed or code != 0
            print(f"{self.name}: {name}: {code}", flush=True)
        print(self.name, "failure" if self.failed else "success", flush=True)
        return not self.failed


def main(document, project, ktstr, state, event):
    flow = yaml.safe_load(shown(document, "yaml"))
    on = flow[True]  # YAML 1.1 reads "on" as a truth
    if event not in on:
        die(f"the workflow does not begin by {event}")
    for name in ("caches", "uploads", "pages"):
        os.makedirs(os.path.join(state, name), exist_ok=True)
    run = str(len(os.listdir(os.path.join(state, "caches"))) + 1)
    place = {"project": project, "ktstr": ktstr, "state": state, "event": event, "run": run}
    passed = {}
    for name, spec in flow["jobs"].items():
        if set(spec) - JOB_KEYS:
            die(f"job {name} has {', '.join(spec)}")
        needs = [spec["needs"]] if isinstance(spec.get("needs"), str) else spec.get("needs", [])
        matrix = spec.get("strategy", {}).get("matrix", {})
        key = next(iter(matrix), None)
        cells = [{key: v} for v in matrix[key]] if key else [{}]
        passed[name] = all(passed[n] for n in needs) and all([Job(place, name, spec, c).run() for c in cells])
    return 0 if all(passed.values()) else 1


if __name__ == "__main__":
    if len(sys.argv) != 6:
        die("usage: workflow.py DOCUMENT PROJECT KTSTR STATE EVENT")
    sys.exit(main(*sys.argv[1:]))
