#include "bench/support/bench_fleet.hpp"

#include <algorithm>
#include <csignal>
#include <stdexcept>
#include <thread>
#include <utility>

#include "bench/support/measure.hpp"
#include "common/base/ids.hpp"
#include "common/process/tree.hpp"
#include "common/store/open.hpp"

namespace fleet::bench {

namespace {

constexpr int kPlentyOfAttempts = 1'000;
constexpr std::chrono::milliseconds kLookGap{5};

}  // namespace

BenchFleet::BenchFleet()
    : store_(store::open_store(base::StoreUrl::parse("sqlite:" + database().string(), folder()),
                               clock_)) {}

BenchFleet::~BenchFleet() {
    try {
        // Scalers first: they would start others.
        for (const auto kind : {model::WorkerKind::host, model::WorkerKind::worker}) {
            contracts::WorkerFilter filter;
            filter.kind = kind;
            filter.statuses = {model::WorkerStatus::active, model::WorkerStatus::terminating};
            if (store_ == nullptr) {
                store_ = store::open_store(
                    base::StoreUrl::parse("sqlite:" + database().string(), folder()), clock_);
            }
            for (const auto& worker : store_->registration().list(filter)) {
                process::kill_tree(worker.process, worker.owner);
            }
        }
    } catch (const std::exception&) {
        // A store that cannot be read any more: its processes end at their next claim.
    }
}

std::string BenchFleet::url() const {
    return "sqlite:" + database().string();
}

double BenchFleet::closed_size() {
    store_.reset();
    const auto size = static_cast<double>(std::filesystem::file_size(database()));
    store_ = store::open_store(base::StoreUrl::parse(url(), folder()), clock_);
    return size;
}

std::vector<std::string> BenchFleet::command(const std::string& program,
                                             const std::vector<std::string>& options) const {
    std::vector<std::string> argv{(program_folder() / program).string()};
    argv.insert(argv.end(), options.begin(), options.end());
    argv.insert(argv.end(), {"--store", url()});
    return argv;
}

OwnProcess BenchFleet::start(const std::string& program,
                             const std::vector<std::string>& options) const {
    return OwnProcess{command(program, options)};
}

std::vector<model::WorkerRecord> BenchFleet::wait_for_workers(std::size_t count,
                                                              const std::string& host) {
    contracts::WorkerFilter filter;
    filter.statuses = {model::WorkerStatus::active};
    filter.kind = model::WorkerKind::worker;
    filter.host = host;
    std::vector<model::WorkerRecord> workers;
    wait_until(std::to_string(count) + " workers", [&] {
        workers = store_->registration().list(filter);
        return workers.size() >= count;
    });
    return workers;
}

std::int64_t BenchFleet::put_noop() {
    model::WorkSpec noop;
    noop.machine = "builtin:noop";
    noop.max_attempts = 1;
    return store_->work().put_spec(noop);
}

std::int64_t BenchFleet::put_command(std::vector<std::string> argv) {
    model::WorkSpec spec;
    spec.argv = std::move(argv);
    spec.directory = folder().string();
    spec.max_attempts = kPlentyOfAttempts;
    return store_->work().put_spec(spec);
}

model::ExecutionId BenchFleet::push_one(std::int64_t spec) {
    contracts::PushRequest request;
    request.pool = "default";
    request.spec = spec;
    request.max_attempts = kPlentyOfAttempts;
    contracts::NewExecution item;
    item.input = "{\"item\":\"one\"}";
    request.executions.push_back(std::move(item));
    return store_->work().push(request).executions.at(0).id;
}

void BenchFleet::wait_for_end(const model::ExecutionId& id) {
    if (!store_->results().read(contracts::result_uri(id.text()), std::chrono::seconds{30}, {})) {
        throw std::runtime_error("an item did not end within 30 s");
    }
}

double BenchFleet::push_batch(const std::string& name, std::int64_t spec, std::int64_t items) {
    base::UuidGenerator ids;
    const auto seed = ids.next(clock_.wall_now());
    store_->work().create_batch({.name = name,
                                 .pool = "default",
                                 .id_seed = seed,
                                 .private_lane = false,
                                 .spec = spec,
                                 .options = "{}"});
    std::int64_t pushing_ns = 0;
    for (std::int64_t done = 0; done < items;) {
        contracts::PushRequest request;
        request.batch = name;
        request.pool = "default";
        request.spec = spec;
        request.max_attempts = kPlentyOfAttempts;
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
        const auto start = boot_ns();
        store_->work().push(request);
        pushing_ns += boot_ns() - start;
        done += chunk;
    }
    store_->work().seal_batch(name);
    return static_cast<double>(pushing_ns) / 1e9;
}

void BenchFleet::wait_for_batch(const std::string& name, std::int64_t items) {
    const auto topic = contracts::batch_topic(name);
    while (true) {
        const auto ticket = store_->triggers().ticket(topic);
        const auto batch = store_->work().batch(name);
        if (batch && batch->counts.done >= items) {
            return;
        }
        (void)store_->triggers().wait(topic, ticket, base::Millis{1000}, {});
        // Commands wake their reader one by one: looking each time would take their processors.
        std::this_thread::sleep_for(kLookGap);
    }
}

double BenchFleet::drain_rate(const std::string& batch, std::int64_t items) {
    store_->scaling().set_paused("default", true);
    auto one = start("worker", {"--slots", "4"});
    auto two = start("worker", {"--slots", "4"});
    (void)wait_for_workers(2);
    const auto begin = boot_ns();
    store_->scaling().set_paused("default", false);
    wait_for_batch(batch, items);
    const auto end = boot_ns();
    retire(one);
    retire(two);
    return static_cast<double>(items) / (milliseconds(begin, end) / 1000);
}

int retire(OwnProcess& process) {
    process.signal(SIGTERM);
    return process.wait();
}

}  // namespace fleet::bench
