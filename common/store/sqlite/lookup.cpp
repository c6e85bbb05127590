#include "common/store/sqlite/lookup.hpp"

#include "common/store/sqlite/pool_policy.hpp"

namespace fleet::store::sqlite {

std::optional<PoolRow> find_pool(Connection& connection, const std::string& name) {
    auto row = connection.prepare("SELECT pool, paused FROM pools WHERE name = ?1");
    if (!row.bind(1, name).step()) {
        return std::nullopt;
    }
    return PoolRow{.number = row.integer(0), .paused = row.integer(1) != 0};
}

std::optional<BatchRow> find_batch(Connection& connection, const std::string& name) {
    auto row = connection.prepare(
        "SELECT batch, pool, state, private_lane, first_seq, last_seq FROM batches "
        "WHERE name = ?1");
    if (!row.bind(1, name).step()) {
        return std::nullopt;
    }
    return BatchRow{.number = row.integer(0),
                    .pool = row.integer(1),
                    .state = static_cast<model::BatchState>(row.integer(2)),
                    .private_lane = row.integer(3) != 0,
                    .first_seq = row.integer(4),
                    .last_seq = row.integer(5)};
}

std::int64_t lane_for(Connection& connection, std::int64_t pool, const std::string& stage,
                      int stage_rank, std::int64_t batch) {
    {
        auto row = connection.prepare(
            "SELECT lane FROM lanes WHERE pool = ?1 AND stage = ?2 AND batch = ?3");
        if (row.bind(1, pool).bind(2, stage).bind(3, batch).step()) {
            return row.integer(0);
        }
    }
    for (const model::StagePolicy& policy : stage_policies(connection, pool)) {
        if (policy.stage == stage) {
            stage_rank = policy.rank;
        }
    }
    connection.prepare("INSERT INTO lanes (pool, stage, stage_rank, batch) VALUES (?1, ?2, ?3, ?4)")
        .bind(1, pool)
        .bind(2, stage)
        .bind(3, stage_rank)
        .bind(4, batch)
        .run();
    return connection.last_insert_rowid();
}

const Names::BatchNames& Names::batch_names(std::int64_t number) {
    auto [position, added] = batches_.try_emplace(number);
    if (added && number != 0) {
        auto row = connection_.prepare("SELECT name, state FROM batches WHERE batch = ?1");
        if (row.bind(1, number).step()) {
            position->second.name = row.text(0);
            position->second.cancelled =
                static_cast<model::BatchState>(row.integer(1)) == model::BatchState::cancelled;
        }
    }
    return position->second;
}

const std::string& Names::batch(std::int64_t number) {
    return batch_names(number).name;
}

bool Names::batch_cancelled(std::int64_t number) {
    return batch_names(number).cancelled;
}

const LaneNames& Names::lane(std::int64_t number) {
    auto [position, added] = lanes_.try_emplace(number);
    if (added) {
        auto row = connection_.prepare(
            "SELECT pool, name, stage FROM lanes JOIN pools USING (pool) WHERE lane = ?1");
        if (row.bind(1, number).step()) {
            position->second =
                LaneNames{.pool_number = row.integer(0), .pool = row.text(1), .stage = row.text(2)};
        }
    }
    return position->second;
}

const Names::Worker& Names::worker(std::int64_t number) {
    auto [position, added] = workers_.try_emplace(number);
    if (added && number != 0) {
        auto row = connection_.prepare(
            "SELECT worker_id, host, owner FROM worker_registry WHERE number = ?1");
        if (row.bind(1, number).step()) {
            position->second =
                Worker{.worker_id = row.text(0), .host = row.text(1), .owner = row.text(2)};
        }
    }
    return position->second;
}

std::int64_t Names::owner(const std::string& text) {
    if (last_owner_ != text || last_owner_number_ == 0) {
        auto row = connection_.prepare("SELECT number FROM worker_registry WHERE owner = ?1");
        last_owner_number_ = row.bind(1, text).step() ? row.integer(0) : 0;
        last_owner_ = text;
    }
    return last_owner_number_;
}

}  // namespace fleet::store::sqlite
