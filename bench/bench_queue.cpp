// No-op items through the SQLite store: pushing, and draining (claim, run, complete, each durable
// when it is reported) with two workers, beside a bare loop over SQLite that makes the same row
// changes. Options: --json, --items N (default 100000), --rounds N (default 3).
#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <iostream>
#include <signal.h>
#include <string>
#include <thread>
#include <vector>

#include "bench/support/bare_queue.hpp"
#include "bench/support/own_process.hpp"
#include "bench/support/table.hpp"
#include "common/base/clock.hpp"
#include "common/base/ids.hpp"
#include "common/contracts/store.hpp"
#include "common/process/identity.hpp"
#include "common/store/open.hpp"

namespace {

using namespace fleet;
using bench::OwnProcess;
using bench::Sync;
using Seconds = std::chrono::duration<double>;

constexpr std::int64_t kBareBatch = 128;
constexpr std::size_t kStoreBatch = 256;

double timed(const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return Seconds(std::chrono::steady_clock::now() - start).count();
}

base::StoreUrl store_url(const bench::ScratchFolder& folder, const std::string& durability) {
    return base::StoreUrl::parse(
        "sqlite:" + (folder.path() / "queue.db").string() + "?durability=" + durability,
        folder.path());
}

/// Pushes `items` no-ops as one sealed batch; returns the seconds.
double push_items(contracts::Store& store, std::int64_t items) {
    model::WorkSpec noop;
    noop.machine = "builtin:noop";
    noop.max_attempts = 1;
    const auto spec = store.work().put_spec(noop);
    base::UuidGenerator ids;
    const base::SystemClock clock;
    const auto seed = ids.next(clock.wall_now());
    store.work().create_batch({.name = "bench",
                               .pool = "default",
                               .id_seed = seed,
                               .private_lane = false,
                               .spec = spec,
                               .options = "{}"});
    return timed([&] {
        for (std::int64_t done = 0; done < items;) {
            contracts::PushRequest request;
            request.batch = "bench";
            request.pool = "default";
            request.spec = spec;
            const auto chunk =
                std::min(items - done, static_cast<std::int64_t>(contracts::kMaxPush));
            request.executions.reserve(static_cast<std::size_t>(chunk));
            for (std::int64_t i = 0; i < chunk; ++i) {
                const auto line = done + i + 1;
                request.executions.push_back(
                    {.id = base::derived_uuid(seed, static_cast<std::uint32_t>(line)),
                     .input = "{\"item\":\"0123456789\"}",
                     .item_number = line,
                     .unique_key = {}});
            }
            store.work().push(request);
            done += chunk;
        }
        store.work().seal_batch("bench");
    });
}

void wait_for_done(contracts::Store& store, std::int64_t items) {
    while (true) {
        const auto topic = contracts::batch_topic("bench");
        const auto ticket = store.triggers().ticket(topic);
        const auto batch = store.work().batch("bench");
        if (batch && batch->counts.done >= items) {
            return;
        }
        (void)store.triggers().wait(topic, ticket, base::Millis{1000}, {});
    }
}

/// What the store alone can do: claim and commit in a loop, as `bench_queue --drain URL`.
int drain_store(const std::string& url_text) {
    const base::SystemClock clock;
    const auto store = store::open_store(base::StoreUrl::parse(url_text, "/"), clock);
    model::WorkerRecord worker;
    worker.worker_id = "bench-" + base::random_word(8);
    worker.host = "bench";
    worker.process = process::self_identity(clock);
    worker.owner = "bench:" + std::to_string(worker.process.pid) + ":" + base::random_word(6);
    worker.pool = "default";
    store->registration().register_worker(worker);
    std::vector<model::StepCommit> commits;
    while (true) {
        auto answer = store->work().claim({.worker_id = worker.worker_id,
                                           .pool = "default",
                                           .stages = {},
                                           .batch = {},
                                           .limit = kStoreBatch});
        if (answer.claimed.empty()) {
            break;
        }
        commits.clear();
        for (auto& claimed : answer.claimed) {
            model::StepCommit commit;
            commit.lease = std::move(claimed.lease);
            commit.commit_id = base::random_positive_int64();
            commit.attempt = claimed.attempt;
            commit.next = model::NextDone{.output = "null"};
            commits.push_back(std::move(commit));
        }
        store->commit(commits);
    }
    store->registration().deregister(worker.worker_id);
    return 0;
}

double drain_with_store(const base::StoreUrl& url) {
    const auto self = (bench::program_folder() / "bench_queue").string();
    return timed([&] {
        OwnProcess one{{self, "--drain", url.text()}};
        OwnProcess two{{self, "--drain", url.text()}};
        one.wait();
        two.wait();
    });
}

double drain_with_workers(contracts::Store& store, std::int64_t items) {
    store.scaling().set_paused("default", true);
    const auto program = (bench::program_folder() / "worker").string();
    const std::vector<std::string> argv{
        program, "--store", store.url().text(), "--pool", "default", "--slots", "4"};
    OwnProcess one{argv};
    OwnProcess two{argv};
    contracts::WorkerFilter active;
    active.statuses = {model::WorkerStatus::active};
    while (store.registration().list(active).size() < 2) {
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    const double seconds = timed([&] {
        store.scaling().set_paused("default", false);
        wait_for_done(store, items);
    });
    one.signal(SIGTERM);
    two.signal(SIGTERM);
    one.wait();
    two.wait();
    return seconds;
}

struct Samples {
    std::vector<double> bare_push, push, bare_drain, store_drain, drain, bytes;
};

void run_round(std::int64_t items, const std::string& durability, Samples& samples) {
    const auto rate = [items](double seconds) { return static_cast<double>(items) / seconds; };
    const auto sync = durability == "full" ? Sync::full : Sync::normal;
    {
        const bench::ScratchFolder folder;
        const auto file = folder.path() / "bare.db";
        bench::create_bare_queue(file);
        samples.bare_push.push_back(
            rate(timed([&] { bench::bare_push(file, items, 5000, sync); })));
        const auto self = (bench::program_folder() / "bench_queue").string();
        samples.bare_drain.push_back(rate(timed([&] {
            OwnProcess one{{self, "--bare-drain", file.string(), durability}};
            OwnProcess two{{self, "--bare-drain", file.string(), durability}};
            one.wait();
            two.wait();
        })));
    }
    const base::SystemClock clock;
    {
        const bench::ScratchFolder folder;
        const auto url = store_url(folder, durability);
        const auto store = store::open_store(url, clock);
        samples.push.push_back(rate(push_items(*store, items)));
        samples.store_drain.push_back(rate(drain_with_store(url)));
    }
    {
        const bench::ScratchFolder folder;
        const auto url = store_url(folder, durability);
        {
            const auto store = store::open_store(url, clock);
            samples.push.push_back(rate(push_items(*store, items)));
            samples.drain.push_back(rate(drain_with_workers(*store, items)));
        }
        // Closed, so that the WAL is in the file.
        samples.bytes.push_back(
            static_cast<double>(std::filesystem::file_size(folder.path() / "queue.db")) /
            static_cast<double>(items));
    }
}

void add_rows(std::vector<bench::Row>& rows, const std::string& durability,
              const Samples& samples) {
    const auto median = [](const std::vector<double>& values) { return bench::median(values); };
    const auto add = [&](const std::string& name, const std::vector<double>& values, double limit) {
        rows.push_back({.name = name + " (" + durability + ")",
                        .value = median(values),
                        .unit = "items/s",
                        .limit = limit,
                        .ratio = median(values) / limit,
                        .samples = static_cast<int>(values.size())});
    };
    add("push, 5000 a transaction", samples.push, median(samples.bare_push));
    add("drain, store alone, 2 processes", samples.store_drain, median(samples.bare_drain));
    add("drain, 2 workers", samples.drain, median(samples.bare_drain));
    rows.push_back({.name = "size of a finished item (" + durability + ")",
                    .value = median(samples.bytes),
                    .unit = "bytes",
                    .samples = static_cast<int>(samples.bytes.size())});
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc == 3 && std::strcmp(argv[1], "--drain") == 0) {
            return drain_store(argv[2]);
        }
        if (argc == 4 && std::strcmp(argv[1], "--bare-drain") == 0) {
            const bool full = std::strcmp(argv[3], "full") == 0;
            bench::bare_drain(argv[2], kBareBatch, full ? Sync::full : Sync::normal);
            return 0;
        }
        const auto items = bench::integer_option(argc, argv, "--items", 100'000);
        const auto rounds = bench::integer_option(argc, argv, "--rounds", 3);
        std::vector<bench::Row> rows;
        for (const std::string durability : {"normal", "full"}) {
            Samples samples;
            for (int round = 0; round < rounds; ++round) {
                run_round(items, durability, samples);
            }
            add_rows(rows, durability, samples);
        }
        bench::print_table(rows, bench::wants_json(argc, argv));
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "bench_queue: " << error.what() << '\n';
        return 1;
    }
}
