#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "common/base/errors.hpp"
#include "common/contracts/trigger.hpp"
#include "common/store/sqlite/lookup.hpp"
#include "common/store/sqlite/rank.hpp"
#include "common/store/sqlite/read_transaction.hpp"
#include "common/store/sqlite/service_histogram.hpp"
#include "common/store/sqlite/work.hpp"

namespace fleet::store::sqlite {

namespace {

#define FLEET_BATCH_COLUMNS                                                                   \
    "b.name, p.name, b.state, b.id_seed, b.private_lane, b.spec, b.options, b.loaded_lines, " \
    "b.ready + b.delayed, b.running, b.waiting, b.done, b.failed, b.cancelled, "              \
    "b.created_at_ms, b.finished_at_ms, iif(b.private_lane, (SELECT "                         \
    "coalesce(sum(l.ready + l.delayed + l.running + l.waiting), 0) FROM lanes l "             \
    "WHERE l.pool = b.pool AND l.batch = b.batch) "                                           \
    "- b.ready - b.delayed - b.running - b.waiting, 0)"

model::Batch read_batch(const Statement& row) {
    model::Batch batch;
    batch.name = row.text(0);
    batch.pool = row.text(1);
    batch.state = static_cast<model::BatchState>(row.integer(2));
    batch.id_seed = row.uuid(3);
    batch.private_lane = row.integer(4) != 0;
    batch.spec = row.integer(5);
    batch.options = row.text(6);
    batch.loaded_lines = row.integer(7);
    batch.counts = {.pending = row.integer(8),
                    .running = row.integer(9),
                    .waiting = row.integer(10),
                    .done = row.integer(11),
                    .failed = row.integer(12),
                    .cancelled = row.integer(13)};
    batch.created_at = base::store_time(row.integer(14));
    batch.children_open = row.integer(16);
    if (!row.is_null(15) && batch.counts.terminal() == batch.counts.total()) {
        batch.finished_at = base::store_time(row.integer(15));
    }
    return batch;
}

void require_name(const std::string& name) {
    constexpr std::string_view allowed =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    constexpr std::size_t kLongest = 100;
    if (name.empty() || name.size() > kLongest ||
        name.find_first_not_of(allowed) != std::string::npos) {
        throw base::ConfigError("creating batch \"" + name + "\": this is no name for a batch",
                                "use 1 to 100 letters, digits, '.', '_' and '-'");
    }
}

}  // namespace

std::int64_t SqliteWork::put_spec(const model::WorkSpec& spec) {
    const auto body = to_json_text(spec);
    return database_.writer().write([&](WriteTransaction& transaction) -> std::int64_t {
        {
            auto row = transaction.prepare("SELECT spec FROM specs WHERE body = ?1");
            if (row.bind(1, body).step()) {
                return row.integer(0);
            }
        }
        transaction.prepare("INSERT INTO specs (body) VALUES (?1)").bind(1, body).run();
        return transaction.connection().last_insert_rowid();
    });
}

std::optional<model::WorkSpec> SqliteWork::spec(std::int64_t number) {
    const auto reader = database_.reader();
    auto row = reader->prepare("SELECT body FROM specs WHERE spec = ?1");
    if (!row.bind(1, number).step()) {
        return std::nullopt;
    }
    return model::work_spec_from_json(row.text(0));
}

bool SqliteWork::create_batch(const model::NewBatch& batch) {
    require_name(batch.name);
    return database_.writer().write([&](WriteTransaction& transaction) {
        const auto pool = find_pool(transaction.connection(), batch.pool);
        if (!pool) {
            throw base::StoreError(
                base::StoreError::Kind::internal,
                "creating batch " + batch.name + ": there is no pool " + batch.pool,
                "create it with `fleet scale " + batch.pool + " --create`");
        }
        const auto options = batch.options.empty() ? std::string{"{}"} : batch.options;
        return transaction
                   .prepare(
                       "INSERT INTO batches (name, pool, state, id_seed, private_lane, spec, "
                       "options, created_at_ms) VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6, ?7) "
                       "ON CONFLICT (name) DO NOTHING")
                   .bind(1, batch.name)
                   .bind(2, pool->number)
                   .bind(3, batch.id_seed)
                   .bind(4, batch.private_lane)
                   .bind(5, batch.spec)
                   .bind(6, options)
                   .bind(7, transaction.now_ms())
                   .run() > 0;
    });
}

bool SqliteWork::seal_batch(const std::string& name) {
    return database_.writer().write([&](WriteTransaction& transaction) {
        const auto batch = find_batch(transaction.connection(), name);
        if (batch && batch->state == model::BatchState::loading) {
            transaction.prepare("UPDATE batches SET state = 1 WHERE batch = ?1")
                .bind(1, batch->number)
                .run();
            transaction.notify(contracts::batch_topic(name));
            transaction.notify(contracts::scaler_topic());
        }
        return batch.has_value();
    });
}

std::optional<model::Batch> SqliteWork::batch(const std::string& name) {
    const auto reader = database_.reader();
    auto row = reader->prepare("SELECT " FLEET_BATCH_COLUMNS
                               " FROM batches b JOIN pools p USING (pool) WHERE b.name = ?1");
    if (!row.bind(1, name).step()) {
        return std::nullopt;
    }
    return read_batch(row);
}

std::vector<model::Batch> SqliteWork::batches(std::size_t limit) {
    const auto reader = database_.reader();
    auto rows = reader->prepare("SELECT " FLEET_BATCH_COLUMNS
                                " FROM batches b JOIN pools p USING (pool) "
                                "ORDER BY b.batch DESC LIMIT ?1");
    rows.bind(1, limit);
    std::vector<model::Batch> batches;
    while (rows.step()) {
        batches.push_back(read_batch(rows));
    }
    return batches;
}

bool SqliteWork::set_batch_options(const std::string& name, const base::JsonText& options) {
    return database_.writer().write([&](WriteTransaction& transaction) {
        return transaction.prepare("UPDATE batches SET options = ?2 WHERE name = ?1")
                   .bind(1, name)
                   .bind(2, options)
                   .run() > 0;
    });
}

namespace {

struct StageSums {
    model::StagePressure pressure;
    std::int64_t rank = 0;
    std::int64_t service_sum_ms = 0;
    ServiceHistogram histogram;
};

constexpr double kRateSeconds = 30.0;

/// What became due counts as ready, although nobody has claimed and so promoted it yet.
struct DueCounts {
    std::int64_t delayed = 0;
    std::int64_t waiting = 0;
    std::int64_t begun = 0;  ///< of the delayed
    // Not due yet:
    std::int64_t later = 0;  ///< delayed
    std::int64_t begun_later = 0;
};
/// More than this are counted as this many: the read must stay short.
constexpr int kMostDue = 10'000;
/// Of what is due later, only so many of the next are told apart.
constexpr int kMostLater = 1'000;

using DueByLane = std::unordered_map<std::int64_t, DueCounts>;

DueByLane due_by_lane(Connection& connection, std::int64_t now_ms) {
    DueByLane due;
    auto rows = connection.prepare(
        "SELECT lane, status, attempt > 0 OR rank < -150000 FROM executions "
        "INDEXED BY executions_due WHERE due_at_ms <= ?1 LIMIT ?2");
    rows.bind(1, now_ms).bind(2, kMostDue);
    while (rows.step()) {
        auto& counts = due[rows.integer(0)];
        const bool delayed = rows.integer(1) == 0;
        ++(delayed ? counts.delayed : counts.waiting);
        counts.begun += delayed ? rows.integer(2) : 0;
    }
    return due;
}
static_assert(kLastChildRank == -150'000);

void add_later(Connection& connection, std::int64_t now_ms, DueByLane& due) {
    auto rows = connection.prepare(
        "SELECT lane, status, attempt > 0 OR rank < -150000 FROM executions "
        "INDEXED BY executions_due WHERE due_at_ms > ?1 ORDER BY due_at_ms LIMIT ?2");
    rows.bind(1, now_ms).bind(2, kMostLater);
    while (rows.step()) {
        if (rows.integer(1) == 0) {
            auto& counts = due[rows.integer(0)];
            ++counts.later;
            counts.begun_later += rows.integer(2);
        }
    }
}

void add_due(model::StagePressure& pressure, std::int64_t delayed_in_lane, const DueCounts& due) {
    pressure.ready += due.delayed + due.waiting;
    pressure.delayed -= due.delayed;
    pressure.counts.pending += due.waiting;
    pressure.counts.waiting -= due.waiting;
    pressure.begun_ready += due.begun + due.waiting;
    pressure.begun_delayed += delayed_in_lane - due.delayed - due.later + due.begun_later;
}

// ?1 the pool, ?2 the batch, ?3 how many of what was begun are counted. Begun is what a claim with
// resume_only takes: see the indexes in schema_v2.cpp.
constexpr const char* kLanePressure =
    "SELECT l.stage, l.stage_rank, l.ready, l.delayed, l.running, l.waiting, l.done, l.failed, "
    "l.cancelled, l.arrivals, l.completions, l.rates_at_ms, l.service_samples, "
    "l.service_sum_ms, l.service_histogram, (SELECT e.created_at_ms FROM executions e "
    "INDEXED BY executions_ready WHERE e.lane = l.lane AND e.ready = 1 "
    "ORDER BY e.rank, e.seq LIMIT 1), l.lane, "
    "(SELECT count(*) FROM (SELECT 1 FROM executions INDEXED BY executions_ready "
    "WHERE lane = l.lane AND ready = 1 AND rank < -150000 LIMIT ?3)), "
    "(SELECT count(*) FROM (SELECT 1 FROM executions INDEXED BY executions_retried "
    "WHERE lane = l.lane AND ready = 1 AND attempt > 0 AND rank >= -150000 LIMIT ?3)) "
    "FROM lanes l LEFT JOIN batches b ON b.batch = l.batch "
    "WHERE l.pool = ?1 AND (?2 = '*' OR coalesce(b.name, '') = ?2) ORDER BY l.stage_rank DESC, "
    "l.stage";

void add_lane(StageSums& sums, const Statement& row, std::int64_t now_ms) {
    auto& pressure = sums.pressure;
    pressure.ready += row.integer(2);
    pressure.delayed += row.integer(3);
    pressure.counts.pending += row.integer(2) + row.integer(3);
    pressure.counts.running += row.integer(4);
    pressure.counts.waiting += row.integer(5);
    pressure.counts.done += row.integer(6);
    pressure.counts.failed += row.integer(7);
    pressure.counts.cancelled += row.integer(8);
    const auto idle = static_cast<double>(std::max<std::int64_t>(now_ms - row.integer(11), 0));
    const double fade = std::exp(-idle / 1000.0 / kRateSeconds);
    pressure.arrivals_per_second += row.real(9) * fade;
    pressure.completions_per_second += row.real(10) * fade;
    pressure.begun_ready += std::min(row.integer(17) + row.integer(18), model::kMostBegunCounted);
    pressure.service_samples += row.integer(12);
    sums.service_sum_ms += row.integer(13);
    sums.histogram.merge(ServiceHistogram{row.view(14)});
    if (!row.is_null(15)) {
        const base::Millis age{std::max<std::int64_t>(now_ms - row.integer(15), 0)};
        pressure.oldest_ready_age = std::max(pressure.oldest_ready_age.value_or(age), age);
    }
}

}  // namespace

std::optional<model::PoolPressure> SqliteWork::pressure(const std::string& pool,
                                                        const std::string& batch) {
    const auto reader = database_.reader();
    // What moves between two reads would be seen in neither place.
    const ReadTransaction one_state(reader->connection());
    const auto found = find_pool(reader->connection(), pool);
    if (!found) {
        return std::nullopt;
    }
    model::PoolPressure result{.pool = pool, .paused = found->paused, .stages = {}};
    const auto now_ms = base::count_ms(database_.now());
    auto due = due_by_lane(reader->connection(), now_ms);
    std::vector<StageSums> stages;
    auto rows = reader->prepare(kLanePressure);
    rows.bind(1, found->number).bind(2, batch).bind(3, model::kMostBegunCounted);
    bool has_later = false;
    while (rows.step()) {
        if (stages.empty() || stages.back().pressure.stage != rows.view(0)) {
            stages.emplace_back();
            stages.back().pressure.stage = rows.text(0);
        }
        add_lane(stages.back(), rows, now_ms);
        if (rows.integer(3) > 0 && !has_later) {
            add_later(reader->connection(), now_ms, due);
            has_later = true;
        }
        add_due(stages.back().pressure, rows.integer(3), due[rows.integer(16)]);
    }
    for (auto& sums : stages) {
        auto& pressure = sums.pressure;
        if (pressure.service_samples > 0) {
            pressure.service_mean = base::Millis{sums.service_sum_ms / pressure.service_samples};
            pressure.service_p95 = sums.histogram.quantile(0.95);
        }
        result.stages.push_back(std::move(pressure));
    }
    return result;
}

}  // namespace fleet::store::sqlite
