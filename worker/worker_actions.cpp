// The actions of the machine `worker`: what each of its states does.
#include <algorithm>
#include <array>
#include <utility>

#include "common/base/errors.hpp"
#include "worker/commit_pipe.hpp"
#include "worker/crew.hpp"
#include "worker/lease_keeper.hpp"
#include "worker/neighbours.hpp"
#include "worker/registration.hpp"
#include "worker/retry.hpp"
#include "worker/slots.hpp"
#include "worker/worker.hpp"

namespace fleet::worker {
namespace {

using base::Millis;
using contracts::ClaimAnswer;
using expression::Value;
using model::WorkerStatus;

constexpr Millis kFirstClaimPause{50};
constexpr Millis kLongestClaimPause{5'000};
constexpr Millis kLongestIdleWait = std::chrono::hours{1};
/// Without a scaler nobody else looks whether a wake-up got lost.
constexpr Millis kLookForChanges{1'000};
/// A claim brought less than it asked for: what comes next is waited for before asking again.
constexpr Millis kAfterPartialClaim{10};
constexpr Millis kAfterStuckNeighbour{1'000};
/// Prefetched items that no slot has taken for so long are somebody else's.
constexpr Millis kStalled{1'000};

Value number(std::size_t count) {
    return Value::integer(static_cast<std::int64_t>(count));
}

}  // namespace

std::span<const Worker::NamedAction> Worker::named_actions() {
    static constexpr std::array<NamedAction, 9> kActions{{
        {"register_worker", &Worker::register_worker},
        {"heartbeat", &Worker::read_orders},
        {"claim_job", &Worker::claim_job},
        {"process_job", &Worker::process_job},
        {"complete_job", &Worker::count_completed},
        {"rest", &Worker::rest},
        {"retire", &Worker::retire_worker},
        {"deregister_worker", &Worker::deregister_worker},
        {"abandon", &Worker::abandon},
    }};
    return kActions;
}

std::vector<std::string_view> Worker::action_names() {
    std::vector<std::string_view> names;
    for (const NamedAction& action : named_actions()) {
        names.push_back(action.name);
    }
    return names;
}

void Worker::register_worker(Value& context) {
    enter(store_, record_);
    log_.info("registered", {{"worker", record_.worker_id},
                             {"owner", record_.owner},
                             {"pool", record_.pool},
                             {"slots", std::to_string(record_.slots)},
                             {"version", record_.version}});
    crew_ = std::make_unique<Crew>(*this);
    jobs_.renew_with(crew_->keeper);
    context.set("worker_id", Value::string(record_.worker_id));
    context.set("pool_id", Value::string(record_.pool));
    context.set("status", Value::string("active"));
}

/// What the keeper's heartbeats and the signals have brought.
void Worker::read_orders(Value& context) {
    turn_.ticket = wake_up_.ticket();  // before looking
    const Orders now = orders();
    if (!now.fatal.empty()) {
        throw base::StoreError(now.fatal_kind, now.fatal);
    }
    const bool is_lost = now.status == WorkerStatus::lost || now.status == WorkerStatus::terminated;
    const bool retires = now.interruptions > 0 || now.status == WorkerStatus::terminating;
    context.set("status", Value::string(is_lost ? "lost" : retires ? "retiring" : "active"));
}

void Worker::claim_job(Value& context) {
    turn_.answer = {};
    turn_.rest = {};
    // Set before looking, so that what finishes after the look ends the wait.
    wake_up_.nudge_at(claim_size_.claim_at());
    give_back_stalled();
    const WorkQueue::State queue = queue_.state();
    const ClaimSize::Next next = claim_size_.next({wake_up_.held(), queue.queued, queue.busy});
    if (next.limit == 0) {
        turn_.rest = {Rest::For::room, queue.queued > 0 ? std::optional(kStalled) : std::nullopt};
    } else if (!try_store([&] { claim(next); })) {
        turn_.rest = {Rest::For::store, {}};
    }
    context.set("claimed", number(turn_.answer.claimed.size()));
}

void Worker::process_job(Value& context) {
    const std::size_t count = turn_.answer.claimed.size();
    const bool answered = try_store([&] {
        accept(std::exchange(turn_.answer.claimed, {}));
        turn_.rest = after_claim(count);
    });
    if (!answered) {
        turn_.rest = {Rest::For::store, {}};
    }
    context.set("must_rest", Value::boolean(turn_.rest.what != Rest::For::nothing));
}

/// Ends are committed by the pipe's thread, together: this counts what is not held any more.
void Worker::count_completed(Value& context) {
    context.set("completed", number(taken_ - std::min(taken_, wake_up_.held())));
}

void Worker::rest(Value& context) {
    switch (turn_.rest.what) {
        case Rest::For::nothing:
            break;
        case Rest::For::room:
        case Rest::For::neighbour:
            wake_up_.wait(turn_.ticket, turn_.rest.limit);
            break;
        case Rest::For::store:
            pause_for_store();
            break;
        case Rest::For::work:
            if (!try_store([&] { is_done_ = !wait_for_work(turn_.rest.limit.value()); })) {
                pause_for_store();
            }
            if (is_done_) {
                context.set("status", Value::string("done"));
            }
            break;
    }
}

void Worker::retire_worker(Value& context) {
    switch (retire()) {
        case Retired::yes:
            context.set("status", Value::string("retired"));
            break;
        case Retired::called_back:
            context.set("status", Value::string("active"));
            break;
        case Retired::lost:
            context.set("status", Value::string("lost"));
            break;
    }
}

void Worker::deregister_worker(Value& context) {
    bool has_left = false;
    if (!is_done_) {
        has_left = leave(leaves_by_order_);
    } else if (!try_store([&] { has_left = leave(true); })) {
        pause_for_store();
    }
    if (has_left) {
        ending_ = is_done_ ? Ending::done : Ending::retired;
    } else {
        machines_.set_leaving(false);
    }
    is_done_ = false;
    context.set("status", Value::string(has_left ? "gone" : "active"));
}

void Worker::abandon(Value& context) {
    lose();
    ending_ = Ending::lost;
    context.set("status", Value::string("lost"));
}

bool Worker::try_store(const std::function<void()>& step) {
    try {
        step();
        return true;
    } catch (const base::StoreError& error) {
        if (!may_be_repeated(error)) {
            throw;
        }
        crew().keeper.claim_unanswered();
        if (std::exchange(store_answers_, false)) {
            log_.warn("a claim did not succeed, it is tried again", {{"error", error.full_text()}});
        }
    }
    return false;
}

void Worker::pause_for_store() {
    wake_up_.wait(turn_.ticket, claim_pause_);
    claim_pause_ = std::min(claim_pause_ * 2, kLongestClaimPause);
}

void Worker::ask(ClaimSize::Next next) {
    contracts::ClaimRequest request;
    request.worker_id = record_.worker_id;
    request.pool = record_.pool;
    request.batch = record_.batch;
    request.limit = next.limit;
    request.begin = next.begin;
    request.ttl = options_.lease_ttl;
    request.resume_only = options_.resume_only;
    const base::BootTime sent = clock_.boot_now();
    turn_.answer = store_.work().claim(request);
    turn_.asked = next.limit;
    crew().keeper.add(sent, turn_.answer.claimed);
    wake_up_.took(turn_.answer.claimed.size());
    taken_ += turn_.answer.claimed.size();
    if (!std::exchange(store_answers_, true)) {
        log_.info("claims succeed again");
    }
    claim_pause_ = kFirstClaimPause;
}

void Worker::claim(ClaimSize::Next next) {
    if (options_.seat == 0) {
        seen_changes_ = store_.change_counter();
    }
    turn_.topic_ticket = store_.triggers().ticket(topic_);
    ask(next);
    switch (turn_.answer.outcome) {
        case ClaimAnswer::Outcome::worker_not_active:
            obey_status(turn_.answer.worker_status);
            return;
        case ClaimAnswer::Outcome::unknown_worker:
            obey_status(std::nullopt);
            return;
        case ClaimAnswer::Outcome::unknown_pool:
            throw base::ConfigError("claiming work: there is no pool " + record_.pool +
                                    " any more");
        case ClaimAnswer::Outcome::pool_paused:
            turn_.rest = {Rest::For::work, kLongestIdleWait};
            return;
        case ClaimAnswer::Outcome::ok:
            break;
    }
    if (turn_.answer.claimed.empty()) {
        turn_.rest = after_claim(0);
    }
}

Worker::Rest Worker::after_claim(std::size_t count) {
    const ClaimAnswer& answer = turn_.answer;
    if (!answer.expired_neighbours.empty()) {
        if (end_expired(store_, answer.expired_neighbours, record_.process, log_) == 0) {
            return {Rest::For::neighbour, kAfterStuckNeighbour};
        }
        return {};
    }
    if (count == 0) {
        return {Rest::For::work,
                std::min(answer.next_due.value_or(kLongestIdleWait), kLongestIdleWait)};
    }
    if (count < turn_.asked && !options_.once) {
        return {Rest::For::work, kAfterPartialClaim};
    }
    return {};
}

void Worker::accept(std::vector<contracts::Claimed> claimed) {
    if (claimed.empty()) {
        return;
    }
    std::vector<WorkItem> items;
    items.reserve(claimed.size());
    std::size_t others = 0;
    std::size_t bytes = 0;
    try {
        for (contracts::Claimed& one : claimed) {
            bytes += one.input.size();
            auto spec = specs_.get(one.spec);  // may throw: before anything is moved
            items.push_back({std::move(one), std::move(spec)});
            others += items.back().is_instant() ? 0 : 1;
        }
    } catch (const base::StoreError& error) {
        if (!may_be_repeated(error)) {
            throw;
        }
        log_.warn("a work spec cannot be read, what was claimed goes back",
                  {{"error", error.full_text()}});
        for (std::size_t i = items.size(); i < claimed.size(); ++i) {
            items.push_back({std::move(claimed[i]), nullptr});
        }
        give_back(std::move(items));
        return;
    }
    const WorkQueue::State queue = queue_.state();
    claim_size_.claimed(items.size() - others, others, bytes);
    std::vector<WorkItem> surplus;
    for (std::size_t left = claim_size_.surplus(others, {0, queue.queued, queue.busy});
         left > 0 && !items.empty() && !items.back().is_instant() && !items.back().claimed.begun;
         --left) {
        surplus.push_back(std::move(items.back()));
        items.pop_back();
    }
    queue_.put(std::move(items));
    give_back(std::move(surplus));
}

bool Worker::wait_for_work(Millis limit) {
    if (queue_.state().queued > 0) {
        limit = std::min(limit, kStalled);
    }
    if (options_.once) {
        const std::size_t held = wake_up_.held();
        if (held == 0) {
            return false;
        }
        wake_up_.nudge_at(held - 1);
        if (wake_up_.held() == held) {
            wake_up_.wait(turn_.ticket, limit);
        }
        return true;
    }
    const std::stop_token ordered = wake_up_.token(turn_.ticket);
    if (options_.seat != 0) {
        [[maybe_unused]] const bool notified =
            store_.triggers().wait(topic_, turn_.topic_ticket, limit, ordered);
        return true;
    }
    while (limit > Millis{0} && !ordered.stop_requested()) {
        const Millis span = std::min(limit, kLookForChanges);
        if (store_.triggers().wait(topic_, turn_.topic_ticket, span, ordered) ||
            store_.change_counter() != seen_changes_) {
            break;
        }
        limit -= span;
    }
    return true;
}

void Worker::give_back_stalled() {
    const WorkQueue::State queue = queue_.state();
    const base::BootTime now = clock_.boot_now();
    if (queue.queued == 0 || queue.taken != seen_taken_) {
        seen_taken_ = queue.taken;
        last_progress_ = now;
    } else if (now - last_progress_ >= kStalled) {
        claim_size_.stalled();
        give_back(queue_.take_back());
    }
}

void Worker::give_back(std::vector<WorkItem> items) {
    std::vector<model::Lease> leases;
    leases.reserve(items.size());
    for (WorkItem& item : items) {
        leases.push_back(std::move(item.claimed.lease));
    }
    if (!leases.empty()) {
        crew().pipe.give_back(std::move(leases));
    }
}

}  // namespace fleet::worker
