#include "common/store/sqlite/counters.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "common/store/sqlite/connection.hpp"
#include "common/store/sqlite/service_histogram.hpp"

namespace fleet::store::sqlite {

namespace {

/// Time constant of the rates: an event counts for 1/30 a second now and fades by 1/e in 30 s.
constexpr double kRateSeconds = 30.0;

constexpr bool is_terminal(Count count) {
    return count == Count::done || count == Count::failed || count == Count::cancelled;
}

}  // namespace

Count count_of(model::Status status, bool ready) {
    switch (status) {
        case model::Status::pending:
            return ready ? Count::ready : Count::delayed;
        case model::Status::running:
            return Count::running;
        case model::Status::waiting:
            return Count::waiting;
        case model::Status::done:
            return Count::done;
        case model::Status::failed:
            return Count::failed;
        case model::Status::cancelled:
            return Count::cancelled;
    }
    throw base::StoreError(base::StoreError::Kind::corrupt, "counting an execution of no status");
}

CounterDeltas::Lane& CounterDeltas::lane(std::int64_t number) {
    const auto found = std::find_if(lanes_.begin(), lanes_.end(),
                                    [number](const Lane& one) { return one.lane == number; });
    if (found != lanes_.end()) {
        return *found;
    }
    lanes_.push_back(Lane{.lane = number, .change = {}, .service_times = {}});
    return lanes_.back();
}

void CounterDeltas::change_batch(std::int64_t batch, std::optional<Count> from,
                                 std::optional<Count> to) {
    if (batch == 0) {
        return;
    }
    auto found = std::find_if(batches_.begin(), batches_.end(),
                              [batch](const Batch& one) { return one.batch == batch; });
    if (found == batches_.end()) {
        batches_.push_back(Batch{.batch = batch, .change = {}});
        found = batches_.end() - 1;
    }
    if (from) {
        --found->change[static_cast<std::size_t>(*from)];
    }
    if (to) {
        ++found->change[static_cast<std::size_t>(*to)];
        found->finished_some = found->finished_some || is_terminal(*to);
    }
}

void CounterDeltas::add(std::int64_t lane_number, std::int64_t batch, Count to) {
    Lane& one = lane(lane_number);
    ++one.change[static_cast<std::size_t>(to)];
    ++one.arrivals;
    change_batch(batch, std::nullopt, to);
}

void CounterDeltas::move(std::int64_t lane_number, std::int64_t batch, Count from, Count to) {
    Lane& one = lane(lane_number);
    --one.change[static_cast<std::size_t>(from)];
    ++one.change[static_cast<std::size_t>(to)];
    if (is_terminal(to)) {
        ++one.completions;
    }
    change_batch(batch, from, to);
}

void CounterDeltas::remove(std::int64_t lane_number, std::int64_t batch, Count from) {
    --lane(lane_number).change[static_cast<std::size_t>(from)];
    change_batch(batch, from, std::nullopt);
}

void CounterDeltas::service(std::int64_t lane_number, base::Millis time) {
    lane(lane_number).service_times.push_back(time);
}

void CounterDeltas::merge(const CounterDeltas& other) {
    for (const Lane& theirs : other.lanes_) {
        Lane& ours = lane(theirs.lane);
        for (std::size_t i = 0; i < kCounts; ++i) {
            ours.change[i] += theirs.change[i];
        }
        ours.arrivals += theirs.arrivals;
        ours.completions += theirs.completions;
        ours.service_times.insert(ours.service_times.end(), theirs.service_times.begin(),
                                  theirs.service_times.end());
    }
    for (const Batch& theirs : other.batches_) {
        change_batch(theirs.batch, std::nullopt, std::nullopt);
        auto ours = std::find_if(batches_.begin(), batches_.end(),
                                 [&](const Batch& one) { return one.batch == theirs.batch; });
        for (std::size_t i = 0; i < kCounts; ++i) {
            ours->change[i] += theirs.change[i];
        }
        ours->finished_some = ours->finished_some || theirs.finished_some;
    }
}

namespace {

void bind_changes(Statement& statement, const std::array<std::int64_t, kCounts>& change) {
    for (std::size_t i = 0; i < kCounts; ++i) {
        statement.bind(static_cast<int>(i) + 2, change[i]);
    }
}

/// Fades the two rates to `now` and adds the new events; returns {arrivals, completions}.
std::array<double, 2> rates(Statement& row, std::int64_t now_ms, std::int64_t arrivals,
                            std::int64_t completions) {
    const auto elapsed = static_cast<double>(now_ms - row.integer(2)) / 1000.0;
    const double fade = std::exp(-std::max(elapsed, 0.0) / kRateSeconds);
    return {row.real(0) * fade + static_cast<double>(arrivals) / kRateSeconds,
            row.real(1) * fade + static_cast<double>(completions) / kRateSeconds};
}

}  // namespace

bool CounterDeltas::flush(Connection& connection, base::StoreTime now) const {
    const auto now_ms = base::count_ms(now);
    for (const Lane& one : lanes_) {
        auto row = connection.prepare(
            "SELECT arrivals, completions, rates_at_ms, service_histogram FROM lanes "
            "WHERE lane = ?1");
        if (!row.bind(1, one.lane).step()) {
            throw base::StoreError(
                base::StoreError::Kind::corrupt,
                "counting in lane " + std::to_string(one.lane) + ": there is no such lane",
                "run `fleet check`");
        }
        const auto [arrivals, completions] = rates(row, now_ms, one.arrivals, one.completions);
        ServiceHistogram histogram{row.view(3)};
        row.reset();
        std::int64_t sum_ms = 0;
        for (const auto time : one.service_times) {
            histogram.add(time);
            sum_ms += time.count();
        }
        auto update = connection.prepare(
            "UPDATE lanes SET ready = ready + ?2, delayed = delayed + ?3, running = running + ?4, "
            "waiting = waiting + ?5, done = done + ?6, failed = failed + ?7, "
            "cancelled = cancelled + ?8, arrivals = ?9, completions = ?10, rates_at_ms = ?11, "
            "service_samples = service_samples + ?12, service_sum_ms = service_sum_ms + ?13, "
            "service_histogram = ?14 WHERE lane = ?1");
        update.bind(1, one.lane);
        bind_changes(update, one.change);
        const auto bytes = histogram.bytes();
        update.bind(9, arrivals).bind(10, completions).bind(11, now_ms);
        update.bind(12, one.service_times.size()).bind(13, sum_ms).bind_blob(14, bytes).run();
    }
    bool batch_finished = false;
    for (const Batch& one : batches_) {
        auto update = connection.prepare(
            "UPDATE batches SET ready = ready + ?2, delayed = delayed + ?3, "
            "running = running + ?4, waiting = waiting + ?5, done = done + ?6, "
            "failed = failed + ?7, cancelled = cancelled + ?8, "
            "finished_at_ms = iif(?9, ?10, finished_at_ms) WHERE batch = ?1 "
            "RETURNING ready + delayed + running + waiting");
        update.bind(1, one.batch);
        bind_changes(update, one.change);
        update.bind(9, one.finished_some).bind(10, now_ms);
        while (update.step()) {
            batch_finished = batch_finished || (one.finished_some && update.integer(0) == 0);
        }
    }
    return batch_finished;
}

}  // namespace fleet::store::sqlite
