#include "worker/lease_keeper.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/base/errors.hpp"
#include "common/base/json.hpp"
#include "worker/retry.hpp"
#include "worker/vital_signs.hpp"

namespace fleet::worker {
namespace {

using base::Millis;

/// The most executions that a heartbeat names.
constexpr std::size_t kNamedExecutions = 32;
constexpr Millis kFirstRetry{50};
constexpr Millis kLongestRetry{500};
/// How long a process that was frozen past its deadline tries to renew before it kills.
constexpr Millis kSecondChance{500};

base::JsonText metadata(const std::vector<model::ExecutionId>& executions, std::size_t queued,
                        const std::string& owner) {
    base::Json ids = base::Json::array();
    for (std::size_t i = 0; i < executions.size() && i < kNamedExecutions; ++i) {
        ids.push_back(executions[i].text());
    }
    return base::dump_json(
        {{"executions", std::move(ids)}, {"prefetched", queued}, {"process_mark", owner}});
}

}  // namespace

Millis lease_margin(Millis ttl) {
    return std::min(std::max<Millis>(std::chrono::seconds{1}, ttl / 5), ttl * 2 / 5);
}

Millis heartbeat_interval(Millis lease_ttl) {
    return std::min<Millis>(std::chrono::seconds{5}, lease_ttl / 3);
}

std::size_t LeaseKeeper::IdHash::operator()(const model::ExecutionId& id) const noexcept {
    // The last bytes tell the items of one batch apart, the first its batch.
    std::uint64_t front = 0;
    std::uint64_t back = 0;
    std::memcpy(&front, id.bytes.data(), sizeof front);
    std::memcpy(&back, id.bytes.data() + sizeof front, sizeof back);
    return static_cast<std::size_t>((front ^ back) * 0x9E3779B97F4A7C15U);
}

LeaseKeeper::LeaseKeeper(Settings settings, Ports ports)
    : settings_(std::move(settings)),
      ports_(std::move(ports)),
      margin_(lease_margin(settings_.ttl)),
      interval_(heartbeat_interval(settings_.ttl)),
      watch_([this] { deadline_passed(); }),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

LeaseKeeper::~LeaseKeeper() = default;

void LeaseKeeper::set_deadline(base::BootTime deadline) {
    deadline_ns_.store(deadline.time_since_epoch().count(), std::memory_order_release);
    watch_.set(deadline);
}

void LeaseKeeper::add(base::BootTime sent, std::span<const contracts::Claimed> claimed) {
    if (claimed.empty()) {
        return;
    }
    const std::scoped_lock lock(mutex_);
    const base::BootTime deadline = sent + settings_.ttl - margin_;
    if (held_.empty()) {
        renewed_ = sent;
        set_deadline(deadline);
    } else if (deadline.time_since_epoch().count() < deadline_ns_.load()) {
        set_deadline(deadline);  // sent before a renewal that did not name these
    }
    if (oldest_new_ == base::BootTime{} || sent < oldest_new_) {
        oldest_new_ = sent;
    }
    for (const contracts::Claimed& one : claimed) {
        held_.insert_or_assign(one.lease.execution, Held{one.lease.token, one.lease.handle});
    }
}

void LeaseKeeper::claim_unanswered() {
    const std::scoped_lock lock(mutex_);
    // The store spares what was claimed less than a ttl ago.
    unanswered_until_ = ports_.clock.boot_now() + settings_.ttl * 2;
}

void LeaseKeeper::remove(std::span<const LeaseId> leases) {
    const std::scoped_lock lock(mutex_);
    for (const LeaseId& lease : leases) {
        const auto found = held_.find(lease.execution);
        if (found != held_.end() && found->second.token == lease.token) {
            held_.erase(found);
        }
    }
}

bool LeaseKeeper::holds(const model::Lease& lease) const {
    const std::scoped_lock lock(mutex_);
    const auto found = held_.find(lease.execution);
    return found != held_.end() && found->second.token == lease.token;
}

bool LeaseKeeper::may_start() const {
    return ports_.clock.boot_now().time_since_epoch().count() <
           deadline_ns_.load(std::memory_order_acquire);
}

bool LeaseKeeper::pause(const std::stop_token& stop, Millis span) {
    std::unique_lock lock(mutex_);
    woken_.wait_for(lock, stop, span, [this] { return renew_now_; });
    renew_now_ = false;
    return !stop.stop_requested();
}

bool LeaseKeeper::renewal_is_due() const {
    const std::scoped_lock lock(mutex_);
    const base::BootTime now = ports_.clock.boot_now();
    if (held_.empty()) {
        return now < unanswered_until_;
    }
    // The next look is an interval away: what would be due before half of it is due now.
    return second_chance_ || now + interval_ / 2 >= renewed_ + settings_.ttl / 3;
}

void LeaseKeeper::run(const std::stop_token& stop) {
    // The registration was the first beat.
    while (pause(stop, interval_)) {
        if (renewal_is_due()) {
            keep_renewing(stop);
        }
        if (!stop.stop_requested()) {
            beat();
        }
    }
}

void LeaseKeeper::keep_renewing(const std::stop_token& stop) {
    for (Millis retry = kFirstRetry; !stop.stop_requested();) {
        try {
            renew();
            store_answered();
            return;
        } catch (const base::StoreError& error) {
            store_failed("renewing the leases does not succeed, it is tried again", error);
        }
        if (!pause(stop, retry)) {
            return;
        }
        retry = std::min(retry * 2, kLongestRetry);
    }
}

void LeaseKeeper::renew() {
    std::vector<model::Lease> leases;
    base::BootTime sent;
    {
        const std::scoped_lock lock(mutex_);
        sent = ports_.clock.boot_now();
        oldest_new_ = base::BootTime{};
        leases.reserve(held_.size());
        for (const auto& [id, held] : held_) {
            leases.push_back({id, settings_.owner, held.token, held.handle});
        }
    }
    const contracts::RenewAnswer answer =
        ports_.store.work().renew(settings_.worker_id, leases, settings_.ttl);
    {
        const std::scoped_lock lock(mutex_);
        second_chance_ = false;
        renewed_ = sent;
        // Claims that were on their way meanwhile were not named; theirs counts from their sending.
        const base::BootTime from =
            oldest_new_ == base::BootTime{} ? sent : std::min(sent, oldest_new_);
        set_deadline(from + settings_.ttl - margin_);
    }
    lose(answer.lost);
}

void LeaseKeeper::lose(std::span<const model::Lease> lost) {
    if (lost.empty()) {
        return;
    }
    {
        const std::scoped_lock lock(mutex_);
        for (const model::Lease& lease : lost) {
            const auto found = held_.find(lease.execution);
            if (found != held_.end() && found->second.token == lease.token) {
                held_.erase(found);
            }
        }
    }
    // Most of the lost were committed since they were named; only what still runs is a loss.
    for (const model::ExecutionId& id : ports_.attempts.abort(lost)) {
        ports_.log.warn("the lease is lost, its attempt is ended", {{"execution", id.text()}});
    }
}

void LeaseKeeper::beat() {
    contracts::Heartbeat beat;
    const Vitals vitals = ports_.vitals();
    beat.worker_id = settings_.worker_id;
    beat.slots = vitals.slots;
    beat.busy = vitals.busy;
    beat.rss_bytes = own_rss_bytes();
    beat.open_fds = own_open_fds();
    base::JsonText news = metadata(ports_.attempts.executions(), vitals.queued, settings_.owner);
    if (news != told_metadata_) {
        beat.metadata = news;
    }
    try {
        ports_.status(ports_.store.registration().heartbeat(beat));
        told_metadata_ = std::move(news);
        store_answered();
    } catch (const base::StoreError& error) {
        store_failed("a heartbeat did not succeed", error);
    }
}

void LeaseKeeper::store_answered() {
    if (!std::exchange(store_answers_, true)) {
        ports_.log.info("the store answers again");
    }
}

void LeaseKeeper::store_failed(const char* what, const base::StoreError& error) {
    if (is_ruined(error.kind())) {
        ports_.fatal(error.full_text(), error.kind());
        return;
    }
    if (std::exchange(store_answers_, false)) {
        ports_.log.warn(what, {{"error", error.full_text()}});
    }
}

void LeaseKeeper::deadline_passed() {
    {
        const std::scoped_lock lock(mutex_);
        const base::BootTime now = ports_.clock.boot_now();
        const base::BootTime deadline{std::chrono::nanoseconds{deadline_ns_.load()}};
        if (held_.empty()) {
            return;
        }
        if (now < deadline) {
            watch_.set(deadline);
            return;
        }
        // Half the margin late: it was slept through, and others may have judged already.
        if (now - deadline > margin_ / 2 && !second_chance_) {
            second_chance_ = true;
            renew_now_ = true;
            // Without a renewal by then, the attempts end as at a deadline that was kept.
            watch_.set(now + std::min(margin_, kSecondChance));
            woken_.notify_all();
            return;
        }
        second_chance_ = false;
    }
    if (const std::size_t ended = ports_.attempts.abort_all(); ended > 0) {
        ports_.log.warn("the leases could not be renewed in time, all attempts are ended",
                        {{"attempts", std::to_string(ended)}});
    }
}

}  // namespace fleet::worker
