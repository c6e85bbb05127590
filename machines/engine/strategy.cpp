#include "machines/engine/strategy.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/random_share.hpp"
#include "machines/engine/metrics.hpp"
#include "machines/engine/voting.hpp"
#include "machines/expression/operators.hpp"

namespace fleet::engine {
namespace {

using calls::AgentResult;
using expression::Value;

/// Two, eight, sixteen and 35 seconds: past the end of a provider's minute.
const std::vector<double>& default_backoffs() {
    static const std::vector<double> backoffs{2, 8, 16, 35};
    return backoffs;
}
constexpr double kDefaultJitter = 0.1;
constexpr std::int64_t kDefaultSamples = 3;
/// Samples of one state that are asked for at the same time.
constexpr std::size_t kMostThreads = 32;

void pause(double seconds, const std::stop_token& stop) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any nobody_notifies;
    constexpr double kLongest = 1e9;  // a clock's nanoseconds still hold it
    const std::chrono::duration<double> duration(std::min(std::max(0.0, seconds), kLongest));
    nobody_notifies.wait_for(lock, stop, duration, [] { return false; });
    if (stop.stop_requested()) {
        throw base::Cancelled("waiting before an agent is called again");
    }
}

/// What all calls together have used, in the shape of a result.
struct Sum {
    Value calls = Value::integer(0);
    double cost = 0;

    void take(const AgentResult& result) {
        calls = add(calls, counted_calls(result));
        cost += cost_of(result);
    }
    void put_into(AgentResult& result) const {
        if (expression::truthy(calls)) {
            if (!result.usage.is_dict()) {
                result.usage = Value::dict({});
            }
            result.usage.set("api_calls", calls);
        }
        if (cost != 0) {
            result.cost = Value::floating(cost);
        }
    }
};

double delay_before(double backoff, double jitter, const AgentResult& failed) {
    double delay = backoff;
    const Value* retry_after = failed.rate_limit.find("retry_after");
    if (retry_after != nullptr && retry_after->is_number()) {
        delay = std::max(delay, retry_after->as_floating());
    }
    return delay * (1 + jitter * (2 * base::random_share() - 1));
}

AgentResult retry(calls::Agent& agent, const calls::CallScope& scope,
                  const calls::AgentRequest& request, const config::Execution& execution) {
    const std::vector<double>& backoffs =
        execution.backoffs_s ? *execution.backoffs_s : default_backoffs();
    const double jitter = execution.jitter.value_or(kDefaultJitter);
    Sum sum;
    AgentResult result;
    for (std::size_t attempt = 0; attempt <= backoffs.size(); ++attempt) {
        if (attempt > 0) {
            pause(delay_before(backoffs[attempt - 1], jitter, result), scope.stop);
        }
        try {
            result = agent.call(scope, request);
        } catch (const calls::CallError& error) {
            // What is thrown is no answer of the agent: another try would end as this one.
            AgentResult failed;
            failed.error = calls::AgentError{error.type(), error.what(), {}, false};
            result = std::move(failed);
        }
        sum.take(result);
        if (!result.error || !result.error->retryable) {
            break;
        }
    }
    sum.put_into(result);
    return result;
}

Value payload_of(const AgentResult& result) {
    if (!result.output.is_null()) {
        return result.output;
    }
    Value payload = Value::dict({});
    if (result.content) {
        payload.set("content", Value::string(*result.content));
    }
    return payload;
}

struct Samples {
    std::vector<std::optional<AgentResult>> results;
    std::optional<calls::CallError> error;  ///< of the first sample that failed
    std::exception_ptr fatal;               ///< not an agent's error
};

Samples take_samples(calls::Agent& agent, const calls::CallScope& scope,
                     const calls::AgentRequest& request, std::size_t count) {
    Samples samples;
    samples.results.resize(count);
    std::mutex mutex;
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
        for (std::size_t at = next++; at < count; at = next++) {
            try {
                AgentResult result = agent.call(scope, request);
                const std::scoped_lock lock(mutex);
                samples.results[at] = std::move(result);
            } catch (const calls::CallError& error) {
                const std::scoped_lock lock(mutex);
                if (!samples.error) {
                    samples.error = error;
                }
            } catch (...) {
                const std::scoped_lock lock(mutex);
                samples.fatal = std::current_exception();
            }
        }
    };
    {
        std::vector<std::jthread> helpers;
        for (std::size_t at = 1; at < std::min(count, kMostThreads); ++at) {
            helpers.emplace_back(work);
        }
        work();
    }
    return samples;
}

AgentResult parallel(calls::Agent& agent, const calls::CallScope& scope,
                     const calls::AgentRequest& request, const config::Execution& execution) {
    const auto count = static_cast<std::size_t>(
        std::clamp<std::int64_t>(execution.n_samples.value_or(kDefaultSamples), 0, kMostSamples));
    Samples samples = take_samples(agent, scope, request, count);
    if (samples.fatal) {
        std::rethrow_exception(samples.fatal);
    }
    Sum sum;
    expression::List payloads;
    for (const auto& result : samples.results) {
        if (result) {
            sum.take(*result);
            payloads.push_back(payload_of(*result));
        }
    }
    if (payloads.empty() && samples.error) {
        throw calls::CallError(samples.error->type(),
                               "all " + std::to_string(count) +
                                   " samples failed; the first: " + samples.error->what());
    }
    AgentResult result;
    result.output = Value::dict({});
    result.output.set("count", Value::integer(static_cast<std::int64_t>(payloads.size())));
    result.output.set("results", Value::list(std::move(payloads)));
    sum.put_into(result);
    return result;
}

AgentResult vote(calls::Agent& agent, const calls::CallScope& scope,
                 const calls::AgentRequest& request, const config::Execution& execution) {
    Voting voting(execution, agent.metadata());
    Sum sum;
    while (voting.is_open()) {
        try {
            const AgentResult result = agent.call(scope, request);
            sum.take(result);
            voting.add(result);
        } catch (const calls::CallError&) {
            voting.add_failure();
        }
    }
    AgentResult result;
    if (auto winner = voting.winner()) {
        result.output = std::move(*winner);
    }
    sum.put_into(result);
    return result;
}

}  // namespace

AgentResult call_by_strategy(calls::Agent& agent, const calls::CallScope& scope,
                             const calls::AgentRequest& request,
                             const config::Execution& execution) {
    switch (execution.type) {
        case config::ExecutionType::once:
            break;
        case config::ExecutionType::retry:
            return retry(agent, scope, request, execution);
        case config::ExecutionType::parallel:
            return parallel(agent, scope, request, execution);
        case config::ExecutionType::mdap_voting:
            return vote(agent, scope, request, execution);
    }
    return agent.call(scope, request);
}

}  // namespace fleet::engine
