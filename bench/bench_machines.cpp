// Machines: what a step costs in memory and in the store, children, signals, templates, and a whole
// `fleet run` from the shell.
//
//   bench_machines [--json] [--rounds N (3)] [--steps N (50000)] [--children N (10000)]
//                  [--waiting N (100000)]
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/support/bare_connection.hpp"
#include "bench/support/bench_fleet.hpp"
#include "bench/support/counter_machine.hpp"
#include "bench/support/measure.hpp"
#include "bench/support/table.hpp"
#include "common/base/hash.hpp"
#include "common/base/ids.hpp"
#include "machines/config/machine_bundle.hpp"
#include "machines/expression/expression.hpp"
#include "machines/expression/print.hpp"
#include "machines/template/template.hpp"
#include "worker/worker.hpp"

namespace {

using namespace fleet;
using expression::Value;

struct Sizes {
    int rounds = 3;
    int steps = 50'000;
    int children = 10'000;
    int waiting = 100'000;
};

const std::string kBegin = "spec: flatmachine\nspec_version: \"4.2.1\"\n";

double seconds_since(std::int64_t start_ns) {
    return bench::milliseconds(start_ns, bench::boot_ns()) / 1000.0;
}

Value limit_input(int steps) {
    Value input = Value::dict({});
    input.set("limit", Value::integer(steps));
    return input;
}

double steps_in_memory(int steps) {
    const auto program = bench::counter_program(false);
    bench::BareSurroundings surroundings;
    engine::InlineRunner runner(program, surroundings);
    engine::RunOptions options;
    options.execution_id = "0190a0b0-0000-7000-8000-000000000000";
    const auto start = bench::boot_ns();
    const auto outcome = runner.start(0, std::move(options), limit_input(steps));
    if (!std::holds_alternative<engine::Finished>(outcome)) {
        throw std::runtime_error("the counter machine failed");
    }
    return steps / seconds_since(start);
}

/// The machine's configuration and spec in the store.
std::int64_t put_machine(contracts::Store& store, const config::MachineBundle& bundle) {
    model::StoredConfig config;
    config.raw = config::canonical_text(bundle);
    config.hash = base::content_hash(config.raw);
    config.machine_name = bundle.machines.front().name;
    config.spec_version = bundle.machines.front().spec_version;
    store.checkpoints().put_config(config);
    model::WorkSpec spec;
    spec.machine = model::kStoredMachine;
    spec.config = config.hash;
    return store.work().put_spec(spec);
}

std::int64_t put_machine_text(bench::BenchFleet& fleet, const std::string& name,
                              const std::string& text) {
    const auto file = fleet.folder() / (name + ".yml");
    std::ofstream(file) << kBegin << text;
    auto loaded = config::load_machine(file);
    if (!loaded.bundle) {
        throw std::runtime_error(loaded.diagnostics.front().line());
    }
    return put_machine(fleet.store(), *loaded.bundle);
}

std::vector<model::ExecutionId> push(contracts::Store& store, std::int64_t spec,
                                     const std::vector<base::JsonText>& inputs) {
    std::vector<model::ExecutionId> ids;
    for (std::size_t begin = 0; begin < inputs.size(); begin += contracts::kMaxPush) {
        contracts::PushRequest request;
        request.pool = "default";
        request.spec = spec;
        for (std::size_t at = begin; at < std::min(inputs.size(), begin + contracts::kMaxPush);
             ++at) {
            contracts::NewExecution execution;
            execution.input = inputs[at];
            request.executions.push_back(std::move(execution));
        }
        for (const auto& pushed : store.work().push(request).executions) {
            ids.push_back(pushed.id);
        }
    }
    return ids;
}

/// Runs all that is ready in this process, with the counter's action; returns the seconds.
double work_off(bench::BenchFleet& fleet, int slots) {
    worker::WorkerOptions options;
    options.store = fleet.store().url();
    options.slots = slots;
    options.once = true;
    options.worker_id = "bench-" + base::random_word(8);
    options.host = "bench";
    options.log_level = base::LogLevel::error;
    worker::MachineExtras extras;
    extras.hooks["counter"] = [](const Value&) { return bench::counter_hooks(); };
    const base::SystemClock clock;
    base::Log log("bench", base::LogLevel::error);
    worker::Worker worker(options, fleet.store(), clock, log, extras);
    const auto start = bench::boot_ns();
    if (worker.run() != 0) {
        throw std::runtime_error("the worker did not end in order");
    }
    return seconds_since(start);
}

struct StoredSteps {
    double rate = 0;
    double bytes_a_step = 0;
};

StoredSteps steps_in_store(int slots, int steps) {
    bench::BenchFleet fleet;
    const auto program = bench::counter_program(true);
    const auto spec = put_machine(fleet.store(), program->bundle());
    const base::JsonText input = R"({"limit": )" + std::to_string(steps / slots) + "}";
    push(fleet.store(), spec, std::vector<base::JsonText>(static_cast<std::size_t>(slots), input));
    const double seconds = work_off(fleet, slots);
    return {steps / seconds, fleet.closed_size() / steps};
}

/// The same rows by a bare loop: one checkpoint a step, and for each transaction the pointer to
/// the latest one and the execution's row.
double bare_steps(int steps, int steps_a_transaction) {
    const bench::ScratchFolder folder;
    bench::BareConnection db(folder.path() / "bare.db", bench::Sync::normal);
    db.run(
        "CREATE TABLE machine_checkpoints (checkpoint_key TEXT PRIMARY KEY, execution_id TEXT, "
        "machine_name TEXT, event TEXT, current_state TEXT, waiting_channel TEXT, "
        "snapshot_json BLOB, created_at TEXT)");
    db.run("CREATE INDEX of_execution ON machine_checkpoints (execution_id)");
    db.run(
        "CREATE TABLE machine_latest (execution_id TEXT PRIMARY KEY, latest_key TEXT, "
        "updated_at TEXT)");
    db.run("CREATE TABLE executions (seq INTEGER PRIMARY KEY, snapshot TEXT)");
    db.run("INSERT INTO executions VALUES (1, '')");
    auto* insert = db.prepare(
        "INSERT INTO machine_checkpoints VALUES (?1, '0190a0b0-0000-7000-8000-000000000000', "
        "'counter', 'state_exit', 'start', NULL, ?2, '2026-01-01T00:00:00.000Z')");
    auto* latest = db.prepare(
        "INSERT OR REPLACE INTO machine_latest VALUES "
        "('0190a0b0-0000-7000-8000-000000000000', ?1, '2026-01-01T00:00:00.000Z')");
    auto* update = db.prepare("UPDATE executions SET snapshot = ?1 WHERE seq = 1");
    const auto bind = [](sqlite3_stmt* statement, int at, const std::string& text) {
        sqlite3_bind_text(statement, at, text.c_str(), static_cast<int>(text.size()),
                          SQLITE_TRANSIENT);
    };
    const auto run = [](sqlite3_stmt* statement) {
        if (sqlite3_step(statement) != SQLITE_DONE) {
            throw std::runtime_error("the bare loop failed");
        }
        sqlite3_reset(statement);
    };
    const std::string snapshot(650, 'x');  // about what the counter's snapshot has
    const auto start = bench::boot_ns();
    for (int step = 0; step < steps;) {
        db.run("BEGIN IMMEDIATE");
        std::string key;
        for (int in = 0; in < steps_a_transaction && step < steps; ++in, ++step) {
            key = "0190a0b0-0000-7000-8000-000000000000/step_" + std::to_string(100'000 + step) +
                  "_state_exit.json";
            bind(insert, 1, key);
            bind(insert, 2, snapshot);
            run(insert);
        }
        bind(latest, 1, key);
        run(latest);
        bind(update, 1, snapshot);
        run(update);
        db.run("COMMIT");
    }
    return steps / seconds_since(start);
}

double children_a_second(int children) {
    bench::BenchFleet fleet;
    const auto spec = put_machine_text(fleet, "parent", R"(
data:
  name: parent
  context: {xs: input.xs}
  machines:
    child:
      spec: flatmachine
      spec_version: "4.2.1"
      data: {name: child, states: {start: {type: final, output: {ok: true}}}}
  states:
    start:
      foreach: context.xs
      machine: child
      output_to_context: {n: "{{ output | length }}"}
      transitions: [{to: end}]
    end: {type: final, output: {n: context.n}}
)");
    std::string xs;
    for (int x = 0; x < children; ++x) {
        xs += (xs.empty() ? "" : ",") + std::to_string(x);
    }
    std::vector<bench::OwnProcess> workers;
    for (int worker = 0; worker < 2; ++worker) {
        workers.push_back(fleet.start("worker", {"--log-level", "error"}));
    }
    (void)fleet.wait_for_workers(2);
    const auto start = bench::boot_ns();
    const auto ids = push(fleet.store(), spec, {R"({"xs": [)" + xs + "]}"});
    fleet.wait_for_end(ids.front());
    const double seconds = seconds_since(start);
    const auto parent = fleet.store().work().get(ids.front());
    if (!parent || parent->output != R"({"n":")" + std::to_string(children) + "\"}") {
        throw std::runtime_error("the parent's result is not right");
    }
    for (auto& worker : workers) {
        (void)bench::retire(worker);
    }
    return children / seconds;
}

/// Milliseconds from a signal to the end of the one that it wakes, while many others wait.
std::vector<double> signal_times(int waiting) {
    bench::BenchFleet fleet;
    const auto spec = put_machine_text(fleet, "waiter", R"(
data:
  name: waiter
  context: {c: input.c}
  persistence: {checkpoint_on: [waiting]}
  states:
    start: {wait_for: "go/{{ context.c }}", transitions: [{to: end}]}
    end: {type: final, output: {c: context.c}}
)");
    std::vector<base::JsonText> inputs;
    for (int one = 0; one < waiting; ++one) {
        inputs.push_back(R"({"c": )" + std::to_string(one) + "}");
    }
    const auto ids = push(fleet.store(), spec, inputs);
    (void)work_off(fleet, 4);
    auto worker = fleet.start("worker", {"--log-level", "error"});
    (void)fleet.wait_for_workers(1);
    std::vector<double> times;
    constexpr std::size_t kSignals = 50;
    for (std::size_t at = 0; at < kSignals; ++at) {
        const auto one = static_cast<std::size_t>(waiting) / kSignals * at;
        const auto start = bench::boot_ns();
        (void)fleet.store().signals().send("go/" + std::to_string(one), "{}");
        fleet.wait_for_end(ids[one]);
        times.push_back(bench::milliseconds(start, bench::boot_ns()));
    }
    (void)bench::retire(worker);
    return times;
}

double run_from_shell() {
    const bench::ScratchFolder folder;
    const auto file = folder.path() / "three.yml";
    std::ofstream(file)
        << kBegin
        << "data:\n  name: three\n  states:\n    start: {transitions: [{to: two}]}\n"
           "    two: {transitions: [{to: end}]}\n    end: {type: final, output: {r: 1}}\n";
    const auto fleet = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "fleet";
    return bench::run_milliseconds({fleet.string(), "run", "--quiet", "--store",
                                    "sqlite:" + (folder.path() / "run.db").string(),
                                    file.string()});
}

double render_microseconds() {
    const auto text = templates::Template::parse(
        "{{ context.name | upper }}: {% for x in context.xs %}{{ x }},{% endfor %}",
        templates::Mode::config);
    const Value context = expression::from_json(R"({"name": "item", "xs": [1, 2, 3, 4, 5]})");
    templates::Variables variables;
    variables.add("context", context);
    constexpr int kTimes = 200'000;
    std::size_t bytes = 0;
    const auto start = bench::boot_ns();
    for (int time = 0; time < kTimes; ++time) {
        bytes += text.render(variables).size();
    }
    return bytes == 0 ? 0 : seconds_since(start) * 1e6 / kTimes;
}

double condition_microseconds() {
    const auto condition = expression::Expression::parse("context.score >= 8 and not context.done");
    const Value context = expression::from_json(R"({"score": 9, "done": false})");
    constexpr int kTimes = 2'000'000;
    int hits = 0;
    const auto start = bench::boot_ns();
    for (int time = 0; time < kTimes; ++time) {
        hits += condition.test(context) ? 1 : 0;
    }
    return hits == 0 ? 0 : seconds_since(start) * 1e6 / kTimes;
}

template <typename Measure>
bench::Row median_row(const std::string& name, const std::string& unit, int rounds,
                      const Measure& measure) {
    std::vector<double> values;
    for (int round = 0; round < rounds; ++round) {
        values.push_back(measure());
    }
    return {.name = name, .value = bench::median(values), .unit = unit, .samples = rounds};
}

bench::Row beside(bench::Row row, const bench::Row& limit) {
    row.limit = limit.value;
    row.ratio = row.value / limit.value;
    return row;
}

std::vector<bench::Row> measure(const Sizes& sizes) {
    const int rounds = sizes.rounds;
    std::vector<bench::Row> rows;
    rows.push_back(
        median_row("steps in memory", "1/s", rounds, [] { return steps_in_memory(1'000'000); }));
    const auto bare_one = median_row("bare loop, a transaction a step", "1/s", rounds,
                                     [&] { return bare_steps(sizes.steps, 1); });
    const auto bare_many = median_row("bare loop, 64 steps a transaction", "1/s", rounds,
                                      [&] { return bare_steps(sizes.steps, 64); });
    double bytes = 0;
    rows.push_back(beside(median_row("steps stored, 1 slot", "1/s", rounds,
                                     [&] {
                                         const auto stored = steps_in_store(1, sizes.steps);
                                         bytes = stored.bytes_a_step;
                                         return stored.rate;
                                     }),
                          bare_many));
    rows.push_back(beside(median_row("steps stored, 8 slots", "1/s", rounds,
                                     [&] { return steps_in_store(8, 4 * sizes.steps).rate; }),
                          bare_many));
    rows.push_back(bare_one);
    rows.push_back(bare_many);
    rows.push_back({.name = "store file a step", .value = bytes, .unit = "B", .samples = 1});
    rows.push_back(median_row("children of one foreach, 2 workers", "1/s", rounds,
                              [&] { return children_a_second(sizes.children); }));
    const auto signals = signal_times(sizes.waiting);
    rows.push_back({.name = "signal to end, " + std::to_string(sizes.waiting) + " waiting, p50",
                    .value = bench::quantile(signals, 0.5),
                    .unit = "ms",
                    .samples = static_cast<int>(signals.size())});
    rows.push_back({.name = "signal to end, p99",
                    .value = bench::quantile(signals, 0.99),
                    .unit = "ms",
                    .samples = static_cast<int>(signals.size())});
    rows.push_back(median_row("fleet run of three states", "ms", 5 * rounds, run_from_shell));
    rows.push_back(median_row("a template", "us", rounds, render_microseconds));
    rows.push_back(median_row("a condition", "us", rounds, condition_microseconds));
    return rows;
}

}  // namespace

int main(int argc, char** argv) {
    Sizes sizes;
    sizes.rounds = bench::integer_option(argc, argv, "--rounds", sizes.rounds);
    sizes.steps = bench::integer_option(argc, argv, "--steps", sizes.steps);
    sizes.children = bench::integer_option(argc, argv, "--children", sizes.children);
    sizes.waiting = bench::integer_option(argc, argv, "--waiting", sizes.waiting);
    try {
        bench::print_table(measure(sizes), bench::wants_json(argc, argv));
    } catch (const std::exception& error) {
        std::cerr << "bench_machines: " << error.what() << std::endl;
        return 1;
    }
    return 0;
}
