#include "machines/estimate/history.hpp"

#include <algorithm>
#include <vector>

#include "common/base/errors.hpp"
#include "machines/engine/snapshot.hpp"

namespace fleet::estimate {
namespace {

/// Of the pool, newest first; other work may lie between what is looked for.
constexpr std::size_t kSearched = 1'000;
constexpr std::size_t kMostAttempts = 100;
/// Of one execution: one that has gone around for longer is left out.
constexpr std::size_t kMostCheckpoints = 400;
/// Of all of them together: a look must not take long.
constexpr std::size_t kMostLoads = 4'000;

std::string day_of(base::WallTime time) {
    constexpr std::size_t kDateLength = 10;
    return base::iso8601(time).substr(0, kDateLength);
}

void add(CallHistories& all, const model::UsageRecord& usage, const std::string& day) {
    if (usage.requests <= 0) {
        return;
    }
    CallHistory& sum = all[{usage.provider, usage.phase}];
    sum.calls += usage.requests;
    sum.input_tokens += static_cast<double>(usage.input_tokens);
    sum.output_tokens += static_cast<double>(usage.output_tokens);
    sum.cost_micros += static_cast<double>(usage.cost_micros);
    sum.from_day = day;  // days are read backwards
    if (sum.to_day.empty()) {
        sum.to_day = day;
    }
}

/// Specs are looked up once each.
class Specs {
  public:
    explicit Specs(contracts::Store& store) : store_(store) {}
    const std::optional<model::WorkSpec>& of(std::int64_t number) {
        const auto known = specs_.find(number);
        return known != specs_.end()
                   ? known->second
                   : specs_.emplace(number, store_.work().spec(number)).first->second;
    }

  private:
    contracts::Store& store_;
    std::map<std::int64_t, std::optional<model::WorkSpec>> specs_;
};

std::vector<model::Execution> done_ones(contracts::Store& store, const std::string& pool,
                                        std::size_t limit, bool with_payloads) {
    contracts::ExecutionFilter filter;
    filter.statuses = {model::Status::done};
    filter.pool = pool;
    filter.newest_first = true;
    filter.with_payloads = with_payloads;
    filter.limit = limit;
    return store.work().find(filter).executions;
}

/// Calls of each state, by how the totals grew from step to step; empty when its checkpoints do not
/// tell.
std::map<std::string, double> calls_of(contracts::Store& store, const std::string& id,
                                       std::size_t& loads) {
    struct Step {
        std::string state;
        double total = 0;
    };
    std::map<std::int64_t, Step> steps;
    const auto keys = store.checkpoints().list(id + "/step_", kMostCheckpoints);
    if (keys.size() == kMostCheckpoints || keys.size() > kMostLoads - loads) {
        return {};
    }
    loads += keys.size();
    for (const std::string& key : keys) {
        const auto stored = store.checkpoints().load(key);
        if (!stored || stored->event == "machine_start" || stored->event == "machine_end") {
            continue;
        }
        try {
            const engine::MachineSnapshot snapshot = engine::snapshot_from_json(stored->json);
            Step& step = steps[snapshot.step];
            step.state = snapshot.current_state;
            step.total = std::max(step.total, snapshot.total_api_calls.as_floating());
        } catch (const base::ProtocolError&) {
            return {};  // another member of the family wrote what this one cannot read
        }
    }
    std::map<std::string, double> calls;
    double before = 0;
    for (const auto& [number, step] : steps) {
        calls[step.state] += std::max(0.0, step.total - before);
        before = std::max(before, step.total);
    }
    return calls;
}

template <class IsWanted>
MachineHistory history_of(contracts::Store& store, const std::vector<model::Execution>& done,
                          const IsWanted& is_wanted) {
    MachineHistory history;
    std::size_t looked_at = 0;
    std::size_t loads = 0;
    for (const model::Execution& execution : done) {
        if (looked_at == kMostExecutions) {
            break;
        }
        if (!is_wanted(execution)) {
            continue;
        }
        ++looked_at;
        const auto calls = calls_of(store, execution.id.text(), loads);
        if (calls.empty()) {
            continue;
        }
        ++history.executions;
        for (const auto& [state, count] : calls) {
            history.calls[state] += count;
        }
    }
    for (auto& [state, count] : history.calls) {
        count /= static_cast<double>(history.executions);
    }
    return history;
}

}  // namespace

CallHistories read_calls(contracts::Store& store, base::WallTime now) {
    CallHistories all;
    for (int back = 0; back < kHistoryDays; ++back) {
        const std::string day = day_of(now - std::chrono::days(back));
        for (const model::UsageRecord& usage : store.usage().daily(day)) {
            add(all, usage, day);
        }
    }
    for (auto& [key, history] : all) {
        const auto calls = static_cast<double>(history.calls);
        history.input_tokens /= calls;
        history.output_tokens /= calls;
        history.cost_micros /= calls;
    }
    return all;
}

MachineHistory read_machine(contracts::Store& store, const std::string& pool,
                            const std::string& config_hash, const std::string& machine_name) {
    const std::vector<model::Execution> done = done_ones(store, pool, kSearched, false);
    Specs specs(store);
    const auto config_of = [&specs](const model::Execution& execution) {
        const auto& spec = specs.of(execution.spec);
        return spec && spec->machine == model::kStoredMachine && spec->entry == 0 ? spec->config
                                                                                  : std::string();
    };
    MachineHistory same = history_of(store, done, [&](const model::Execution& execution) {
        return config_of(execution) == config_hash;
    });
    if (same.executions >= kEnoughExecutions) {
        return same;
    }
    std::map<std::string, bool> is_named;
    MachineHistory named = history_of(store, done, [&](const model::Execution& execution) {
        const std::string hash = config_of(execution);
        if (hash.empty()) {
            return false;
        }
        if (!is_named.contains(hash)) {
            const auto config = store.checkpoints().config(hash);
            is_named[hash] = config && config->machine_name == machine_name;
        }
        return is_named[hash];
    });
    named.is_same = named.executions == same.executions;
    return named.executions >= kEnoughExecutions ? named : MachineHistory{};
}

std::optional<TimeHistory> read_times(contracts::Store& store, const std::string& pool,
                                      const model::WorkSpec& spec) {
    Specs specs(store);
    TimeHistory same;
    TimeHistory alike{.is_same = false};
    const auto add_time = [](TimeHistory& times, const model::Attempt& attempt) {
        ++times.attempts;
        times.mean += attempt.finished_at - attempt.started_at;
    };
    for (const model::Execution& execution : done_ones(store, pool, kMostAttempts, true)) {
        const auto& known = specs.of(execution.spec);
        if (!known || known->machine != spec.machine || !execution.last_attempt ||
            execution.last_attempt->finished_at < execution.last_attempt->started_at) {
            continue;
        }
        if (known->argv == spec.argv && known->directory == spec.directory &&
            known->config == spec.config) {
            add_time(same, *execution.last_attempt);
        } else if (!spec.argv.empty() && !known->argv.empty() &&
                   known->argv.front() == spec.argv.front()) {
            add_time(alike, *execution.last_attempt);
        }
    }
    TimeHistory& best = same.attempts > 0 ? same : alike;
    if (best.attempts == 0) {
        return std::nullopt;
    }
    best.mean /= best.attempts;
    return best;
}

}  // namespace fleet::estimate
