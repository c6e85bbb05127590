// How soon a killed worker's item runs again, and what a thousand killed workers leave behind. The
// item is a command that holds its first attempt and says when each attempt came to its main; times
// are from just before SIGKILL (CLOCK_BOOTTIME) to that. What is measured, row by row:
//
//   another worker waits    a scaler and two workers on one box; the one with the item is killed,
//                           its scaler sees it end and the other worker takes the item
//   its only worker         a scaler with one worker that is older than 10 s: the scaler has to
//                           start another one
//   its only worker, young  likewise within its first 10 s: the pause against crash loops is in it
//   whole box               two hosts by --host-id, --lease-ttl 2, a worker each; the scaler and
//                           all workers of the host with the item are killed. The survivor cannot
//                           prove a death on another host and waits for the lease's end; the time
//                           stands less the TTL, so it is negative where the last renewal was old.
//                           Once in the same pid namespace and, where unshare(1) may do it, once
//                           with the second host in one of its own, as on another box or container
//   same host restarted     scaler and workers killed, TTL 15 s; a scaler of the same --host-id is
//                           started at once and proves their death by process identity: time from
//                           its start, nobody waits for the TTL
//   N workers killed        workers of one slot, each killed while it runs the next of N items,
//                           beside a live scaler that hands their work back. Limits: a store in
//                           which the same items were run without a kill; both then drain no-op
//                           items by two workers and answer `fleet status` in turn (medians of 5)
//
//   bench_takeover [--json] [--samples N (20)] [--boxes N (10)] [--kills N (1000)]
//                  [--items N (50000)]
#include <algorithm>
#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include "bench/support/bench_fleet.hpp"
#include "bench/support/measure.hpp"
#include "bench/support/start_marks.hpp"
#include "bench/support/table.hpp"
#include "common/base/ids.hpp"
#include "common/process/identity.hpp"

namespace {

using namespace fleet;
using bench::boot_ns;
using bench::milliseconds;

constexpr std::chrono::seconds kLeaseTtl{2};
/// Workers that die younger than this are suspected of a crash loop.
constexpr base::Millis kGrownUp{10'500};
/// Drains and `fleet status` after the kills.
constexpr int kRounds = 5;
constexpr std::chrono::milliseconds kLook{500};
constexpr int kMostIdleLooks = 60;

/// A store with one item to hold and the marks of its attempts.
struct Scene {
    explicit Scene(const char* mode = "hold")
        : marks(fleet.folder() / "marks"),
          spec(fleet.put_command(
              {(bench::program_folder() / "note_start").string(), marks.path(), mode})) {}
    bench::BenchFleet fleet;
    bench::StartMarks marks;
    std::int64_t spec;
};

/// SIGKILL to exactly the process that was registered; nothing if it is of another pid namespace.
void kill_registered(const model::WorkerRecord& worker) {
    if (const auto process = process::open_process(worker.process)) {
        process::signal_process(*process, SIGKILL);
    }
}

/// The item runs; kills its worker and returns the milliseconds until it runs again.
double kill_and_wait(Scene& scene) {
    const auto id = scene.fleet.push_one(scene.spec);
    const auto first = scene.marks.next_attempt(true, "the item");
    const auto start = boot_ns();
    if (::kill(first.parent, SIGKILL) != 0) {
        throw std::runtime_error("the item's worker cannot be killed");
    }
    const auto again = scene.marks.next_attempt(false, "the item's second attempt");
    scene.fleet.wait_for_end(id);
    return milliseconds(start, again.boot_ns);
}

std::vector<double> worker_killed(int samples, std::size_t workers) {
    std::vector<double> times;
    for (int i = 0; i < samples; ++i) {
        Scene scene;
        const auto count = std::to_string(workers);
        auto scaler = scene.fleet.start("scaler", {"--min", count, "--max", count});
        (void)scene.fleet.wait_for_workers(workers);
        times.push_back(kill_and_wait(scene));
        bench::retire(scaler);
    }
    return times;
}

/// All scenes wait out their first seconds together.
std::vector<double> grown_up_worker_killed(int samples) {
    std::vector<std::unique_ptr<Scene>> scenes;
    std::vector<bench::OwnProcess> scalers;
    for (int i = 0; i < samples; ++i) {
        scenes.push_back(std::make_unique<Scene>());
        scalers.push_back(scenes.back()->fleet.start("scaler", {"--min", "1", "--max", "1"}));
    }
    std::vector<double> times;
    for (int i = 0; i < samples; ++i) {
        auto& scene = *scenes[static_cast<std::size_t>(i)];
        const auto started = scene.fleet.wait_for_workers(1).front().started_at;
        bench::wait_until("a worker grows older than 10 s",
                          [&] { return scene.fleet.store().now() - started > kGrownUp; });
        times.push_back(kill_and_wait(scene));
    }
    for (auto& scaler : scalers) {
        scaler.signal(SIGTERM);
    }
    for (auto& scaler : scalers) {
        scaler.wait();
    }
    return times;
}

std::vector<std::string> isolated(std::vector<std::string> argv) {
    argv.insert(argv.begin(),
                {"/usr/bin/unshare", "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--"});
    return argv;
}

bool can_isolate() {
    try {
        (void)bench::run_milliseconds(isolated({"/bin/true"}));
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

/// Milliseconds beyond the TTL. `apart`: the second host is in a pid namespace of its own.
double box_killed(bool apart) {
    Scene scene;
    auto& fleet = scene.fleet;
    const std::vector<std::string> options{
        "--lease-ttl", std::to_string(kLeaseTtl.count()), "--min", "2", "--max", "2"};
    const auto scaler_of = [&](const std::string& host) {
        auto all = options;
        all.insert(all.end(), {"--host-id", host});
        return fleet.command("scaler", all);
    };
    // The first one alone would take both seats; it gives none back before its minute is over.
    auto first_options = scaler_of("first");
    *(std::find(first_options.begin(), first_options.end(), "--min") + 1) = "1";
    bench::OwnProcess first{first_options};
    (void)fleet.wait_for_workers(1, "first");
    bench::OwnProcess second{apart ? isolated(scaler_of("second")) : scaler_of("second")};
    (void)fleet.wait_for_workers(1, "second");
    const auto id = fleet.push_one(scene.spec);
    (void)scene.marks.next_attempt(true, "the item");
    const auto owner = fleet.store().registration().get(fleet.store().work().get(id)->worker_id);
    const auto victims = fleet.wait_for_workers(1, owner->host);
    const auto start = boot_ns();
    (owner->host == "first" ? first : second).signal(SIGKILL);
    for (const auto& worker : victims) {
        kill_registered(worker);  // those in a namespace of its own end with its first process
    }
    const auto again = scene.marks.next_attempt(false, "the item's second attempt");
    const auto time = milliseconds(start, again.boot_ns);
    fleet.wait_for_end(id);
    for (auto* scaler : {&first, &second}) {
        scaler->signal(scaler == &second && apart ? SIGKILL : SIGTERM);
        scaler->wait();
    }
    return time - 1000 * static_cast<double>(kLeaseTtl.count());
}

/// From the start of the next scaler of the same host.
double host_restarted() {
    Scene scene;
    auto& fleet = scene.fleet;
    const std::vector<std::string> options{"--host-id", "box", "--min", "1", "--max", "1"};
    auto scaler = fleet.start("scaler", options);
    const auto worker = fleet.wait_for_workers(1).front();
    const auto id = fleet.push_one(scene.spec);
    (void)scene.marks.next_attempt(true, "the item");
    scaler.signal(SIGKILL);
    scaler.wait();
    kill_registered(worker);
    const auto start = boot_ns();
    auto next = fleet.start("scaler", options);
    const auto again = scene.marks.next_attempt(false, "the item's second attempt");
    fleet.wait_for_end(id);
    bench::retire(next);
    return milliseconds(start, again.boot_ns);
}

/// Items a second of a drain of no-ops.
double drain(Scene& scene, std::int64_t items) {
    const auto noop = scene.fleet.put_noop();
    const auto batch = "drain." + base::random_word(8);
    scene.fleet.store().scaling().set_paused("default", true);
    (void)scene.fleet.push_batch(batch, noop, items);
    return scene.fleet.drain_rate(batch, items);
}

double status_time(const Scene& scene) {
    return bench::run_milliseconds(scene.fleet.command("fleet", {"status"}));
}

/// Runs the batch of commands to its end, every item's first worker killed. The scaler hands back;
/// it soon suspects a crash loop and starts nothing any more, so there is always one worker of
/// ours.
void kill_workers(Scene& scene, int kills) {
    auto& fleet = scene.fleet;
    const std::vector<std::string> options{"--slots", "1"};
    auto scaler = fleet.start("scaler", {"--min", "1", "--max", "4", "--slots", "1"});
    auto worker = fleet.start("worker", options);
    for (int killed = 0, idle = 0; killed < kills;) {
        const auto mark = scene.marks.wait(kLook);
        if (mark && mark->attempt <= 1) {
            ::kill(mark->parent, SIGKILL);
            ++killed;
        }
        idle = mark ? 0 : idle + 1;
        if (idle > kMostIdleLooks) {
            throw std::runtime_error("nothing runs after " + std::to_string(killed) + " kills");
        }
        if (worker.has_ended() || (mark && mark->parent == worker.pid() && mark->attempt <= 1)) {
            worker.wait();  // killed, or refused a seat that a dead one still held
            worker = fleet.start("worker", options);
        }
    }
    fleet.wait_for_batch("kills", kills);
    bench::retire(worker);
    bench::retire(scaler);
}

/// The same batch as for `kill_workers`, whose items are not held.
void run_commands(Scene& scene, int items) {
    auto worker = scene.fleet.start("worker", {"--slots", "1"});
    for (int i = 0; i < items; ++i) {
        (void)scene.marks.next("item " + std::to_string(i + 1));
    }
    scene.fleet.wait_for_batch("kills", items);
    bench::retire(worker);
}

/// Bytes by which each item has made the file larger.
double bytes_an_item(Scene& scene, int items, void (*run)(Scene&, int)) {
    auto policy = *scene.fleet.store().scaling().pool("default");
    policy.max_workers = 32;  // the dead keep their seats until they are found
    scene.fleet.store().scaling().put_pool(policy);
    const auto before = scene.fleet.closed_size();
    (void)scene.fleet.push_batch("kills", scene.spec, items);
    run(scene, items);
    return (scene.fleet.closed_size() - before) / items;
}

std::vector<bench::Row> killed_workers(int kills, std::int64_t items) {
    Scene unharmed{"once"};
    const double plain_bytes = bytes_an_item(unharmed, kills, run_commands);
    Scene scene;
    const auto start = boot_ns();
    const double bytes = bytes_an_item(scene, kills, kill_workers);
    const double seconds = milliseconds(start, boot_ns()) / 1000;
    std::vector<double> drains, plain_drains, statuses, plain_statuses;
    for (int i = 0; i < kRounds; ++i) {
        plain_drains.push_back(drain(unharmed, items));
        drains.push_back(drain(scene, items));
        plain_statuses.push_back(status_time(unharmed));
        statuses.push_back(status_time(scene));
    }
    const auto name = std::to_string(kills) + " workers killed";
    const auto beside = [&](const std::string& what, double value, const std::string& unit,
                            double limit, int samples) {
        return bench::Row{name + ": " + what, value, unit, limit, value / limit, samples};
    };
    return {{.name = name + ": until all their items were done",
             .value = seconds,
             .unit = "s",
             .samples = kills},
            beside("drain after it", bench::median(drains), "items/s", bench::median(plain_drains),
                   kRounds),
            beside("fleet status after it", bench::median(statuses), "ms",
                   bench::median(plain_statuses), kRounds),
            beside("file growth an item", bytes, "bytes", plain_bytes, kills)};
}

bench::Row row(const std::string& name, const std::vector<double>& values, double share) {
    return {.name = name,
            .value = bench::quantile(values, share),
            .unit = "ms",
            .samples = static_cast<int>(values.size())};
}

std::vector<bench::Row> measure(int samples, int boxes, int kills, std::int64_t items) {
    std::vector<bench::Row> rows;
    const auto add = [&rows](const std::string& name, const std::vector<double>& values) {
        rows.push_back(row(name + ", p50", values, 0.5));
        rows.push_back(row(name + ", worst", values, 1.0));
    };
    const auto repeat = [boxes](const auto& once) {
        std::vector<double> values;
        for (int i = 0; i < boxes; ++i) {
            values.push_back(once());
        }
        return values;
    };
    add("worker killed, another worker waits", worker_killed(samples, 2));
    add("worker killed, its only worker", grown_up_worker_killed(samples));
    add("worker killed, its only worker, young", worker_killed(samples, 1));
    add("whole box killed, other host id, less TTL 2 s", repeat([] { return box_killed(false); }));
    if (can_isolate()) {
        add("whole box killed, other pid namespace, less TTL 2 s",
            repeat([] { return box_killed(true); }));
    }
    add("whole box killed, same host restarted", repeat(host_restarted));
    for (auto& one : killed_workers(kills, items)) {
        rows.push_back(std::move(one));
    }
    return rows;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const int samples = bench::integer_option(argc, argv, "--samples", 20);
        const int boxes = bench::integer_option(argc, argv, "--boxes", 10);
        const int kills = bench::integer_option(argc, argv, "--kills", 1000);
        const int items = bench::integer_option(argc, argv, "--items", 50'000);
        bench::print_table(measure(samples, boxes, kills, items), bench::wants_json(argc, argv));
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "bench_takeover: " << error.what() << '\n';
        return 1;
    }
}
