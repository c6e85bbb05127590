#include "worker/worker.hpp"

#include <algorithm>
#include <utility>

#include "common/base/errors.hpp"
#include "common/process/spawn.hpp"
#include "worker/commit_pipe.hpp"
#include "worker/crew.hpp"
#include "worker/lease_keeper.hpp"
#include "worker/neighbours.hpp"
#include "worker/registration.hpp"
#include "worker/retry.hpp"
#include "worker/slots.hpp"

namespace fleet::worker {
namespace {

using base::Millis;
using contracts::ClaimAnswer;
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

calls::RunnerOptions runner_options(const WorkerOptions& options, contracts::Store& store,
                                    const model::WorkerRecord& record) {
    return {.data_folder = store.data_folder(),
            .store_url = store.url(),
            .host = options.host,
            .worker_id = options.worker_id,
            .process_mark = record.owner,
            .environment = process::own_environment(),
            .now = [&store] { return store.now(); }};
}

std::optional<std::size_t> prefetch_limit(const WorkerOptions& options) {
    return options.prefetch ? std::optional(static_cast<std::size_t>(*options.prefetch))
                            : std::nullopt;
}

}  // namespace

Worker::Worker(WorkerOptions options, contracts::Store& store, const base::Clock& clock,
               base::Log& log, MachineExtras extras)
    : options_(std::move(options)),
      store_(store),
      clock_(clock),
      log_(log),
      record_(own_record(options_, clock, store.now())),
      topic_(contracts::pool_topic(options_.pool)),
      queue_([this] { wake_up_.nudge(); }),
      attempts_(static_cast<std::size_t>(options_.slots)),
      claim_size_(static_cast<std::size_t>(options_.slots), prefetch_limit(options_)),
      runner_(runner_options(options_, store, record_), clock),
      machines_({.store = store,
                 .clock = clock,
                 .log = log,
                 .worker_id = record_.worker_id,
                 .host = record_.host,
                 .process_mark = record_.owner,
                 .extras = std::move(extras)}),
      specs_(store.work(), runner_, machines_),
      host_watch_(store, clock, record_),
      claim_pause_(kFirstClaimPause) {}

Worker::~Worker() = default;

Worker::Orders Worker::orders() const {
    const std::scoped_lock lock(mutex_);
    return orders_;
}

void Worker::interrupt(const std::string& why) {
    {
        const std::scoped_lock lock(mutex_);
        if (orders_.interruptions++ == 0) {
            orders_.why = why;
        }
    }
    wake_up_.order();
}

void Worker::obey_status(std::optional<WorkerStatus> status) {
    {
        const std::scoped_lock lock(mutex_);
        const WorkerStatus now = status.value_or(WorkerStatus::lost);
        if (orders_.status == now) {
            return;
        }
        orders_.status = now;
    }
    wake_up_.order();
}

void Worker::leave_if_lonely() {
    if (wake_up_.held() > 0 || orders().status != WorkerStatus::active) {
        return;
    }
    const auto why = host_watch_.reason_to_leave();
    if (!why) {
        return;
    }
    const auto change =
        store_.registration().update_status(record_.worker_id, WorkerStatus::terminating, *why);
    if (change.outcome == contracts::StatusChange::Outcome::changed) {
        log_.info("nobody looks after this worker any more", {{"reason", *why}});
        obey_status(WorkerStatus::terminating);
    }
}

void Worker::fail(const std::string& why, base::StoreError::Kind kind) {
    {
        const std::scoped_lock lock(mutex_);
        if (orders_.fatal.empty()) {
            orders_.fatal = why;
            orders_.fatal_kind = kind;
        }
    }
    wake_up_.order();
}

int Worker::run() {
    enter(store_, record_);
    log_.info("registered", {{"worker", record_.worker_id},
                             {"owner", record_.owner},
                             {"pool", record_.pool},
                             {"slots", std::to_string(record_.slots)},
                             {"version", record_.version}});
    Crew crew(*this);
    try {
        for (;;) {
            const std::optional<Ending> ending = work_a_turn(crew);
            if (ending) {
                log_.info(*ending == Ending::done ? "nothing is left to do" : "gone",
                          {{"worker", record_.worker_id}});
                return *ending == Ending::lost ? 1 : 0;
            }
        }
    } catch (const base::Error&) {
        drop_everything(crew);
        throw;
    }
}

std::optional<Worker::Ending> Worker::work_a_turn(Crew& crew) {
    const WakeUp::Ticket ticket = wake_up_.ticket();
    const Orders now = orders();
    if (!now.fatal.empty()) {
        throw base::StoreError(now.fatal_kind, now.fatal);
    }
    if (now.status == WorkerStatus::lost || now.status == WorkerStatus::terminated) {
        lose(crew);
        return Ending::lost;
    }
    if (now.interruptions > 0 || now.status == WorkerStatus::terminating) {
        return retire(crew);
    }
    // Set before looking, so that what finishes after the look ends the wait.
    wake_up_.nudge_at(claim_size_.claim_at());
    give_back_stalled(crew);
    const WorkQueue::State queue = queue_.state();
    const ClaimSize::Next next = claim_size_.next({wake_up_.held(), queue.queued, queue.busy});
    if (next.limit == 0) {
        wake_up_.wait(ticket, queue.queued > 0 ? std::optional(kStalled) : std::nullopt);
        return std::nullopt;
    }
    return try_to_claim(crew, ticket, next);
}

ClaimAnswer Worker::ask(Crew& crew, ClaimSize::Next next) {
    contracts::ClaimRequest request;
    request.worker_id = record_.worker_id;
    request.pool = record_.pool;
    request.batch = record_.batch;
    request.limit = next.limit;
    request.begin = next.begin;
    request.ttl = options_.lease_ttl;
    const base::BootTime sent = clock_.boot_now();
    ClaimAnswer answer = store_.work().claim(request);
    crew.keeper.add(sent, answer.claimed);
    wake_up_.took(answer.claimed.size());
    if (!std::exchange(store_answers_, true)) {
        log_.info("claims succeed again");
    }
    claim_pause_ = kFirstClaimPause;
    return answer;
}

std::optional<Worker::Ending> Worker::try_to_claim(Crew& crew, WakeUp::Ticket ticket,
                                                   ClaimSize::Next next) {
    try {
        return claim(crew, ticket, next);
    } catch (const base::StoreError& error) {
        if (!may_be_repeated(error)) {
            throw;
        }
        crew.keeper.claim_unanswered();
        if (std::exchange(store_answers_, false)) {
            log_.warn("a claim did not succeed, it is tried again", {{"error", error.full_text()}});
        }
    }
    wake_up_.wait(ticket, claim_pause_);
    claim_pause_ = std::min(claim_pause_ * 2, kLongestClaimPause);
    return std::nullopt;
}

std::optional<Worker::Ending> Worker::claim(Crew& crew, WakeUp::Ticket ticket,
                                            ClaimSize::Next next) {
    if (options_.seat == 0) {
        seen_changes_ = store_.change_counter();
    }
    const auto topic_ticket = store_.triggers().ticket(topic_);
    ClaimAnswer answer = ask(crew, next);
    switch (answer.outcome) {
        case ClaimAnswer::Outcome::worker_not_active:
            obey_status(answer.worker_status);
            return std::nullopt;
        case ClaimAnswer::Outcome::unknown_worker:
            obey_status(std::nullopt);
            return std::nullopt;
        case ClaimAnswer::Outcome::unknown_pool:
            throw base::ConfigError("claiming work: there is no pool " + record_.pool +
                                    " any more");
        case ClaimAnswer::Outcome::pool_paused:
            return wait_for_work(ticket, topic_ticket, kLongestIdleWait);
        case ClaimAnswer::Outcome::ok:
            break;
    }
    const std::size_t count = answer.claimed.size();
    accept(crew, std::move(answer.claimed));
    if (!answer.expired_neighbours.empty()) {
        if (end_expired(store_, answer.expired_neighbours, record_.process, log_) == 0) {
            wake_up_.wait(ticket, kAfterStuckNeighbour);
        }
        return std::nullopt;
    }
    if (count == 0) {
        const Millis due = answer.next_due.value_or(kLongestIdleWait);
        return wait_for_work(ticket, topic_ticket, std::min(due, kLongestIdleWait));
    }
    if (count < next.limit && !options_.once) {
        return wait_for_work(ticket, topic_ticket, kAfterPartialClaim);
    }
    return std::nullopt;
}

void Worker::accept(Crew& crew, std::vector<contracts::Claimed> claimed) {
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
        give_back(crew, std::move(items));
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
    give_back(crew, std::move(surplus));
}

std::optional<Worker::Ending> Worker::wait_for_work(WakeUp::Ticket ticket,
                                                    std::uint32_t topic_ticket, Millis limit) {
    if (queue_.state().queued > 0) {
        limit = std::min(limit, kStalled);
    }
    if (options_.once) {
        const std::size_t held = wake_up_.held();
        if (held == 0) {
            return leave(true) ? std::optional(Ending::done) : std::nullopt;
        }
        wake_up_.nudge_at(held - 1);
        if (wake_up_.held() == held) {
            wake_up_.wait(ticket, limit);
        }
        return std::nullopt;
    }
    const std::stop_token ordered = wake_up_.token(ticket);
    if (options_.seat != 0) {
        [[maybe_unused]] const bool notified =
            store_.triggers().wait(topic_, topic_ticket, limit, ordered);
        return std::nullopt;
    }
    while (limit > Millis{0} && !ordered.stop_requested()) {
        const Millis span = std::min(limit, kLookForChanges);
        if (store_.triggers().wait(topic_, topic_ticket, span, ordered) ||
            store_.change_counter() != seen_changes_) {
            break;
        }
        limit -= span;
    }
    return std::nullopt;
}

void Worker::give_back_stalled(Crew& crew) {
    const WorkQueue::State queue = queue_.state();
    const base::BootTime now = clock_.boot_now();
    if (queue.queued == 0 || queue.taken != seen_taken_) {
        seen_taken_ = queue.taken;
        last_progress_ = now;
    } else if (now - last_progress_ >= kStalled) {
        claim_size_.stalled();
        give_back(crew, queue_.take_back());
    }
}

void Worker::give_back(Crew& crew, std::vector<WorkItem> items) {
    std::vector<model::Lease> leases;
    leases.reserve(items.size());
    for (WorkItem& item : items) {
        leases.push_back(std::move(item.claimed.lease));
    }
    if (!leases.empty()) {
        crew.pipe.give_back(std::move(leases));
    }
}

}  // namespace fleet::worker
