#include "common/store/sqlite/claim_lanes.hpp"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "common/contracts/stage_order.hpp"
#include "common/store/sqlite/pool_policy.hpp"
#include "common/store/sqlite/providers.hpp"
#include "common/store/sqlite/rank.hpp"

namespace fleet::store::sqlite {

namespace {

// Columns of both: lane, stage, stage_rank, rank, seq, whether it ranks as new.
constexpr const char* kAllLanes =
    "SELECT l.lane, l.stage, l.stage_rank, e.rank, e.seq, 0 FROM lanes l "
    "JOIN executions e ON e.seq = (SELECT seq FROM executions INDEXED BY executions_ready "
    "WHERE lane = l.lane AND ready = 1 ORDER BY rank, seq LIMIT 1) "
    "WHERE l.pool = ?1 AND l.batch = ?2";
// What is resumed and children are before all that is new; what is retried stands among it.
constexpr const char* kBegunLanes =
    "SELECT l.lane, l.stage, l.stage_rank, e.rank, e.seq, e.rank >= -150000 FROM lanes l "
    "JOIN executions e ON e.seq = coalesce("
    "(SELECT seq FROM executions INDEXED BY executions_ready "
    "WHERE lane = l.lane AND ready = 1 AND rank < -150000 ORDER BY rank, seq LIMIT 1), "
    "(SELECT seq FROM executions INDEXED BY executions_retried "
    "WHERE lane = l.lane AND ready = 1 AND attempt > 0 AND rank >= -150000 "
    "ORDER BY rank, seq LIMIT 1)) WHERE l.pool = ?1 AND l.batch = ?2";
static_assert(kLastChildRank == -150'000);

}  // namespace

ClaimLanes::ClaimLanes(WriteTransaction& transaction, std::int64_t pool, std::int64_t batch,
                       const contracts::ClaimRequest& request, base::WallTime wall)
    : transaction_(transaction), pool_(pool), batch_(batch), request_(request), wall_(wall) {
    read_marks();
}

void ClaimLanes::read_marks() {
    const auto policies = stage_policies(transaction_.connection(), pool_);
    if (policies.empty()) {
        return;
    }
    has_marks_ = true;
    std::vector<contracts::StageBuffer> buffers;
    auto rows = transaction_.prepare(
        "SELECT stage, stage_rank, ready + delayed FROM lanes WHERE pool = ?1 AND batch = ?2");
    rows.bind(1, pool_).bind(2, batch_);
    while (rows.step()) {
        buffers.push_back({rows.text(0), static_cast<int>(rows.integer(1)), rows.integer(2)});
    }
    const auto order = contracts::stage_order(std::move(buffers), policies,
                                              closed_stages(transaction_, policies, wall_));
    is_lifted_ = order.is_lifted;
    is_blocked_ = order.is_blocked;
    for (const std::string& stage : order.stages) {
        places_.emplace(stage, static_cast<std::int64_t>(places_.size()));
    }
}

bool ClaimLanes::wanted(std::string_view stage) const {
    return request_.stages.empty() || std::find(request_.stages.begin(), request_.stages.end(),
                                                stage) != request_.stages.end();
}

std::optional<std::int64_t> ClaimLanes::place_of(std::string_view stage) const {
    if (!has_marks_) {
        return 0;
    }
    const auto found = places_.find(stage);
    if (found == places_.end()) {
        return std::nullopt;
    }
    return is_lifted_ ? found->second : 0;
}

std::optional<ClaimLane> ClaimLanes::best() {
    using Order = std::tuple<std::int64_t, bool, std::int64_t, std::int64_t, std::int64_t>;
    std::optional<std::pair<Order, ClaimLane>> best;
    auto lanes = transaction_.prepare(request_.resume_only ? kBegunLanes : kAllLanes);
    lanes.bind(1, pool_).bind(2, batch_);
    while (lanes.step()) {
        const auto place = place_of(lanes.view(1));
        if (!place || !wanted(lanes.view(1))) {
            continue;
        }
        const auto rank = lanes.integer(3);
        const Order order{*place, !is_resumed(rank), -lanes.integer(2), rank, lanes.integer(4)};
        if (!best || order < best->first) {
            best = {order, ClaimLane{.lane = lanes.integer(0),
                                     .top_rank = rank,
                                     .is_retried = lanes.integer(5) != 0}};
        }
    }
    return best ? std::optional{best->second} : std::nullopt;
}

}  // namespace fleet::store::sqlite
