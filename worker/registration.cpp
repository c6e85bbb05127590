#include "worker/registration.hpp"

#include <algorithm>
#include <variant>
#include <vector>

#include "common/base/errors.hpp"
#include "common/base/ids.hpp"
#include "common/base/json.hpp"
#include "common/base/nearest.hpp"
#include "common/process/identity.hpp"
#include "worker/lease_keeper.hpp"

namespace fleet::worker {
namespace {

constexpr std::size_t kRunIdLength = 8;

void check_pool(contracts::Store& store, const std::string& pool) {
    if (store.scaling().pool(pool)) {
        return;
    }
    std::vector<std::string> names;
    for (const model::PoolPolicy& known : store.scaling().pools()) {
        names.push_back(known.pool);
    }
    const auto nearest = base::nearest_name(pool, names);
    throw base::ConfigError("there is no pool " + pool, nearest ? "did you mean " + *nearest + "?"
                                                                : "`fleet status` lists the pools");
}

void check_batch(contracts::Store& store, const model::WorkerRecord& record) {
    if (record.batch.empty()) {
        return;
    }
    const auto batch = store.work().batch(record.batch);
    if (!batch) {
        throw base::ConfigError("there is no batch " + record.batch, "`fleet ps` lists the work");
    }
    if (batch->pool != record.pool) {
        throw base::ConfigError(
            "batch " + record.batch + " is in pool " + batch->pool + ", not in " + record.pool,
            "name its pool with --pool " + batch->pool);
    }
}

}  // namespace

model::WorkerRecord own_record(const WorkerOptions& options, const base::Clock& clock,
                               base::StoreTime now) {
    model::WorkerRecord record;
    record.worker_id = options.worker_id;
    record.host = options.host;
    record.process = process::self_identity(clock);
    record.owner = options.host + ":" + std::to_string(record.process.pid) + ":" +
                   base::random_word(kRunIdLength);
    record.pool = options.pool;
    record.batch = options.batch;
    record.slots = options.slots;
    record.version = FLEET_VERSION;
    record.heartbeat_interval = heartbeat_interval(options.lease_ttl);
    // Never judged lost while its leases may hold.
    record.ttl = std::max(record.heartbeat_interval * 2, options.lease_ttl);
    record.started_at = now;
    record.seat = options.seat;
    record.launch_token = options.launch_token;
    record.metadata = base::dump_json({{"process_mark", record.owner}});
    return record;
}

void enter(contracts::Store& store, const model::WorkerRecord& record) {
    check_pool(store, record.pool);
    check_batch(store, record);
    const contracts::RegisterAnswer answer = store.registration().register_worker(record);
    if (const auto* refused = std::get_if<contracts::RegistrationRefused>(&answer)) {
        throw base::ConfigError(refused->reason);
    }
}

}  // namespace fleet::worker
