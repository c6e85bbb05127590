// Executions that another member of the family has begun go on here, and the other way round. The
// other side writes and reads plain SQL and files, as the Python SDK does.
#include <filesystem>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "common/base/json.hpp"
#include "tests/support/fleet_box.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/wait_until.hpp"

using namespace fleet;
using namespace fleet::test_support;
using Catch::Contains;

namespace {

const std::string kReview = R"(spec: flatmachine
spec_version: "4.2.1"
data:
  name: review
  context: {who: input.who, answer: none}
  states:
    start: {transitions: [{to: ask}]}
    ask:
      wait_for: "reviews/{{ context.who }}"
      output_to_context: {answer: output.answer}
      transitions: [{to: done}]
    done: {type: final, output: {text: "{{ context.who }}: {{ context.answer }}"}}
)";

/// What the tests' Python programs begin with.
const std::string kPython = R"py(
import json, sqlite3, sys
TIME = "2026-11-21T07:50:30.123456+00:00"
def snapshot(id, state, step, event, context, channel=None, hash=None):
    return {"execution_id": id, "machine_name": "review", "spec_version": "4.2.1",
            "current_state": state, "context": context, "step": step, "created_at": TIME,
            "event": event, "waiting_channel": channel, "config_hash": hash}
def key(s):
    return "%s/step_%06d_%s.json" % (s["execution_id"], s["step"], s["event"])
def save(db, s, text=None):
    db.execute("INSERT OR REPLACE INTO machine_checkpoints (checkpoint_key, execution_id,"
               " machine_name, event, current_state, waiting_channel, snapshot_json, created_at)"
               " VALUES (?,?,?,?,?,?,?,?)",
               (key(s), s["execution_id"], s["machine_name"], s["event"], s["current_state"],
                s["waiting_channel"], (text or json.dumps(s)).encode(), s["created_at"]))
    db.execute("INSERT OR REPLACE INTO machine_latest (execution_id, latest_key, updated_at)"
               " VALUES (?,?,?)",
               (s["execution_id"], key(s), s["created_at"]))
)py";

const std::string kFamilyFile = kPython + R"py(
db = sqlite3.connect("runs.sqlite")
db.executescript("""
CREATE TABLE machine_checkpoints (checkpoint_key TEXT PRIMARY KEY, execution_id TEXT NOT NULL,
  machine_name TEXT NOT NULL, event TEXT NOT NULL, current_state TEXT, waiting_channel TEXT,
  snapshot_json BLOB NOT NULL, created_at TEXT NOT NULL);
CREATE TABLE machine_latest (execution_id TEXT PRIMARY KEY, latest_key TEXT NOT NULL,
  updated_at TEXT NOT NULL);
CREATE TABLE machine_configs (config_hash TEXT PRIMARY KEY, machine_name TEXT NOT NULL,
  spec_version TEXT NOT NULL, config_raw TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE TABLE signals (id TEXT PRIMARY KEY, channel TEXT NOT NULL, data_json TEXT NOT NULL,
  created_at TEXT NOT NULL);
""")
db.execute("INSERT INTO machine_configs VALUES ('h1', 'review', '4.2.1', ?, ?)",
           (open("review.yml").read(), TIME))
def uuid(n): return "0193d2c4-1111-7222-8333-44445555000%d" % n
def put(id, state, step, event, context, channel=None, hash="h1", text=None):
    save(db, snapshot(id, state, step, event, context, channel, hash), text)
put(uuid(1), "ask", 2, "waiting", {"who": "ann", "answer": "none"}, "reviews/ann")
put(uuid(2), "ask", 2, "waiting", {"who": "bob", "answer": "none"}, "reviews/bob")
put("run-of-cyd", "done", 3, "state_enter", {"who": "cyd", "answer": "early"})
put(uuid(3), "end", 4, "machine_end", {"who": "dee", "answer": "x"})
put(uuid(4), "ask", 2, "state_enter", {"who": "eve"}, hash="h2")
put(uuid(5), "gone", 2, "state_enter", {"who": "fay"})
put(uuid(6), "ask", 2, "state_enter", {}, text="{")
db.execute("INSERT INTO signals VALUES ('s1', 'reviews/bob', ?, ?)", ('{"answer": "kept"}', TIME))
db.commit()
)py";

class ImportBox {
  public:
    ImportBox() { box.write("review.yml", kReview); }

    std::string python(const std::string& program) const {
        box.write("program.py", program);
        const ProgramResult end =
            run_program({.argv = {"python3", "program.py"}, .directory = box.path("")});
        INFO(end.err);
        REQUIRE(end.exit_code == 0);
        return end.out;
    }
    ProgramResult import(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), "import");
        return box.fleet(arguments);
    }
    Program worker() const {
        return {.argv = {(bin_dir() / "worker").string(), "--store", ".fleet/fleet.db", "--pool",
                         "default"},
                .directory = box.path("")};
    }
    bool status_is(const std::string& id, const std::string& status) const {
        return box.fleet({"show", id, "--json"}).out.find("\"status\":\"" + status + "\"") !=
               std::string::npos;
    }
    std::string text(const std::string& id) const {
        REQUIRE(box.fleet({"wait", id, "--timeout", "30"}).exit_code == 0);
        return base::parse_json(box.fleet({"result", id}).out, "result").at("text");
    }

    FleetBox box;
};

const std::string kAnn = "0193d2c4-1111-7222-8333-444455550001";
const std::string kBob = "0193d2c4-1111-7222-8333-444455550002";

}  // namespace

TEST_CASE("what a SQLite file of the family holds goes on here, once, with its signals") {
    const ImportBox family;
    family.python(kFamilyFile);
    const ProgramResult dry = family.import({"runs.sqlite", "--dry-run"});
    CHECK(dry.exit_code == 3);
    CHECK_THAT(dry.out, Contains("would take over 3 executions (2 waiting for a signal); 0 here "
                                 "already, 1 ended, 3 refused"));
    CHECK(family.box.executions() == 0);

    const ProgramResult first = family.import({"runs.sqlite", "--batch", "old"});
    INFO(first.err << first.out);
    CHECK(first.exit_code == 3);
    CHECK_THAT(first.out, Contains("took over 3 executions (2 waiting for a signal)") &&
                              Contains("run-of-cyd is ") &&
                              Contains("its configuration h2 is not stored there") &&
                              Contains("its state gone is not in the configuration") &&
                              Contains("its latest checkpoint is damaged"));
    const ProgramResult again = family.import({"runs.sqlite", "--batch", "old", "--jsonl"});
    INFO(again.err);
    CHECK_THAT(again.out, !Contains("taken_over") && Contains(R"("outcome":"here")"));
    CHECK(family.box.executions() == 3);

    CHECK(family.status_is(kAnn, "waiting"));
    CHECK(family.status_is(kBob, "pending"));  // its signal came along
    ChildProgram worker(family.worker());
    CHECK(family.text(kBob) == "bob: kept");
    CHECK(family.box.fleet({"signal", "reviews/ann", R"({"answer":"new"})"}).exit_code == 0);
    CHECK(family.text(kAnn) == "ann: new");
    std::string cyd = first.out.substr(first.out.find("run-of-cyd is ") + 14, 36);
    CHECK(family.text(cyd) == "cyd: early");
    REQUIRE(family.box.fleet({"wait", "--batch", "old", "--timeout", "30"}).exit_code == 0);
}

TEST_CASE("a folder of checkpoints goes on here with a machine's file") {
    const ImportBox family;
    family.python(kPython + R"py(
import os
s = snapshot("0193d2c4-1111-7222-8333-444455550001", "ask", 2, "state_enter",
             {"who": "gus", "answer": "none"})
os.makedirs(".checkpoints/" + s["execution_id"])
open(".checkpoints/" + key(s), "w").write(json.dumps(s))
open(".checkpoints/" + s["execution_id"] + "/latest", "w").write(key(s))
)py");
    const ProgramResult bare = family.import({".checkpoints"});
    CHECK(bare.exit_code == 3);
    CHECK_THAT(bare.out, Contains("--machine"));
    const ProgramResult taken = family.import({".checkpoints", "--machine", "review.yml"});
    INFO(taken.err << taken.out);
    REQUIRE(taken.exit_code == 0);
    CHECK(family.box.fleet({"signal", "reviews/gus", R"({"answer":"ok"})"}).exit_code == 0);
    ChildProgram worker(family.worker());
    CHECK(family.text(kAnn) == "gus: ok");
}

TEST_CASE("infinities of a checkpoint and the hooks beside the machine's file come along") {
    const ImportBox family;
    std::filesystem::create_directory(family.box.path("there"));
    family.box.write("there/review.yml", R"(spec: flatmachine
spec_version: "4.2.1"
data:
  name: review
  states:
    ask: {action: hold, hooks: keeper, transitions: [{condition: "context.far > 10", to: done}]}
    done: {type: final, output: {text: "{{ context.far }} {{ context.held }}"}}
)");
    family.box.write("there/hooks.yml", "hooks:\n  keeper: {command: [python3, ./keeper.py]}\n");
    // Infinities cannot be sent to hooks, so this one is only greeted.
    family.box.write("there/keeper.py", R"(
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps({"id": request["id"], "hello": {"version": 1, "methods": ["on_error"]}}),
          flush=True)
)");
    family.python(kPython + R"py(
import math, os
s = snapshot("0193d2c4-1111-7222-8333-444455550001", "ask", 2, "state_enter",
             {"far": math.inf, "held": "since before"})
os.makedirs(".checkpoints/" + s["execution_id"])
open(".checkpoints/" + key(s), "w").write(json.dumps(s))
open(".checkpoints/" + s["execution_id"] + "/latest", "w").write(key(s))
)py");
    const ProgramResult taken = family.import({".checkpoints", "--machine", "there/review.yml"});
    INFO(taken.err << taken.out);
    REQUIRE(taken.exit_code == 0);
    std::filesystem::remove(family.box.path("there/hooks.yml"));
    ChildProgram worker(family.worker());
    CHECK(family.text(kAnn) == "inf since before");
}

TEST_CASE("what cannot be read is refused, and nothing is imported") {
    const ImportBox family;
    family.box.write("rubbish", "this is no database, and it is longer than a header of one is");
    CHECK(family.import({"rubbish"}).exit_code == 1);
    CHECK_THAT(family.import({"nothing"}).err, Contains("no such file or folder"));
    family.python(
        "import sqlite3\nsqlite3.connect('other.sqlite').execute('CREATE TABLE t (x)')\n");
    CHECK_THAT(family.import({"other.sqlite"}).err, Contains("no checkpoints of FlatMachines"));
    REQUIRE(family.box.fleet({"scale", "other", "--create"}).exit_code == 0);
    CHECK_THAT(family.import({".fleet/fleet.db"}).err, Contains("it is this store itself"));
    CHECK(family.import({"other.sqlite", "--pool", "nowhere"}).exit_code == 1);
    CHECK(family.box.executions() == 0);
}

TEST_CASE("a fleet's store is one of the family's, and what they write there is gone on from") {
    const ImportBox family;
    const ProgramResult submitted =
        family.box.fleet({"submit", "--input", R"({"who":"hal"})", "review.yml"});
    REQUIRE(submitted.exit_code == 0);
    const std::string id = submitted.out.substr(0, submitted.out.find('\n'));
    {
        ChildProgram worker(family.worker());
        REQUIRE(wait_until([&] { return family.status_is(id, "waiting"); }));
        REQUIRE(family.box.fleet({"pause", "default"}).exit_code == 0);
        // It is pending, and nobody takes it.
        REQUIRE(
            family.box.fleet({"signal", "reviews/hal", R"({"answer":"from here"})"}).exit_code ==
            0);
    }
    // List, latest and load, as the SDK asks for them; then a step of its own.
    const std::string told = family.python(kPython + R"py(
db = sqlite3.connect(".fleet/fleet.db")
ids = [r[0] for r in db.execute("SELECT execution_id FROM machine_latest")]
waiting = [r[0] for r in db.execute("SELECT l.execution_id FROM machine_latest l"
    " JOIN machine_checkpoints c ON c.checkpoint_key = l.latest_key"
    " WHERE c.event = 'waiting' AND c.waiting_channel = ?", ("reviews/hal",))]
def one(sql, parameter): return db.execute(sql, (parameter,)).fetchone()[0]
latest = one("SELECT latest_key FROM machine_latest WHERE execution_id = ?", ids[0])
data = json.loads(
    one("SELECT snapshot_json FROM machine_checkpoints WHERE checkpoint_key = ?", latest))
config = one("SELECT machine_name FROM machine_configs WHERE config_hash = ?", data["config_hash"])
assert ids == waiting, (ids, waiting)
print(ids[0], latest, data["context"]["who"], data["event"], config)
data.update(current_state="done", event="state_enter", step=data["step"] + 1, waiting_channel=None)
data["context"]["answer"] = "from the SDK"
save(db, data)
db.commit()
)py");
    CHECK_THAT(told, Contains(id + " " + id + "/step_0000") && Contains("_waiting.json") &&
                         Contains("hal waiting review"));
    REQUIRE(family.box.fleet({"unpause", "default"}).exit_code == 0);
    ChildProgram worker(family.worker());
    CHECK(family.text(id) == "hal: from the SDK");
}
