#include "bench/support/backlog.hpp"

#include <algorithm>
#include <chrono>
#include <signal.h>
#include <stdexcept>
#include <thread>
#include <vector>

#include "bench/support/own_process.hpp"
#include "common/base/clock.hpp"
#include "common/base/ids.hpp"

namespace fleet::bench {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

void wait_for_workers(contracts::Store& store, std::size_t workers) {
    contracts::WorkerFilter active;
    active.statuses = {model::WorkerStatus::active};
    const auto deadline = Clock::now() + std::chrono::seconds{20};
    while (store.registration().list(active).size() < workers) {
        if (Clock::now() > deadline) {
            throw std::runtime_error("the workers did not register within 20 s");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
}

}  // namespace

base::StoreUrl store_url(const std::filesystem::path& folder, const std::string& durability) {
    return base::StoreUrl::parse(
        "sqlite:" + (folder / "queue.db").string() + "?durability=" + durability, folder);
}

double push_items(contracts::Store& store, const model::WorkSpec& spec, std::int64_t items) {
    const auto number = store.work().put_spec(spec);
    base::UuidGenerator ids;
    const base::SystemClock clock;
    const auto seed = ids.next(clock.wall_now());
    store.work().create_batch({.name = kBatch,
                               .pool = "default",
                               .id_seed = seed,
                               .private_lane = false,
                               .spec = number,
                               .options = "{}"});
    const auto start = Clock::now();
    for (std::int64_t done = 0; done < items;) {
        contracts::PushRequest request;
        request.batch = kBatch;
        request.pool = "default";
        request.spec = number;
        const auto chunk = std::min(items - done, static_cast<std::int64_t>(contracts::kMaxPush));
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
    store.work().seal_batch(kBatch);
    return seconds_since(start);
}

void wait_for_done(contracts::Store& store, std::int64_t items) {
    while (true) {
        const auto topic = contracts::batch_topic(kBatch);
        const auto ticket = store.triggers().ticket(topic);
        const auto batch = store.work().batch(kBatch);
        if (batch && batch->counts.done >= items) {
            return;
        }
        (void)store.triggers().wait(topic, ticket, base::Millis{1000}, {});
    }
}

double drain_with_workers(contracts::Store& store, int workers, int slots, std::int64_t items) {
    store.scaling().set_paused("default", true);
    const std::vector<std::string> argv{(program_folder() / "worker").string(),
                                        "--store",
                                        store.url().text(),
                                        "--pool",
                                        "default",
                                        "--slots",
                                        std::to_string(slots)};
    std::vector<OwnProcess> processes;
    for (int i = 0; i < workers; ++i) {
        processes.emplace_back(argv);
    }
    wait_for_workers(store, static_cast<std::size_t>(workers));
    const auto start = Clock::now();
    store.scaling().set_paused("default", false);
    wait_for_done(store, items);
    const double seconds = seconds_since(start);
    for (OwnProcess& process : processes) {
        process.signal(SIGTERM);
        process.wait();
    }
    return seconds;
}

}  // namespace fleet::bench
