#include "coordinator/crash_loop.hpp"

#include <algorithm>
#include <chrono>

namespace fleet::coordinator {

void CrashLoop::died(const std::string& pool, base::Millis lifetime, const std::string& how,
                     const std::string& last_words, base::BootTime now) {
    if (lifetime >= kEarly) {
        return;
    }
    Record& record = pools_[pool];
    const bool started_before_last_death = now - lifetime < record.last_death;
    record.last_death = now;
    if (!started_before_last_death) {
        ++record.in_a_row;
        // One death may be an accident, and what that worker held should not wait for long.
        base::Millis pause = record.in_a_row > 1 ? kFirstPause : base::Millis{0};
        for (int i = 2; i < record.in_a_row && pause < kLongestPause; ++i) {
            pause *= 2;
        }
        const bool unhealthy = record.in_a_row >= kUnhealthyAfter;
        record.not_before = now + (unhealthy ? kRetryUnhealthy : std::min(pause, kLongestPause));
    }
    record.reason = "the last worker " + how + " after " + base::human_duration(lifetime);
    if (!last_words.empty()) {
        record.reason += ", its last words: " + last_words;
    }
}

void CrashLoop::proved_healthy(const std::string& pool) {
    pools_.erase(pool);
}

std::string CrashLoop::reason_of(const Record& record) {
    return std::to_string(record.in_a_row) +
           (record.in_a_row == 1 ? " worker has" : " workers in a row have") +
           " died right after the start; " + record.reason;
}

std::optional<CrashLoop::Hold> CrashLoop::hold(const std::string& pool, base::BootTime now) const {
    const auto found = pools_.find(pool);
    if (found == pools_.end() || now >= found->second.not_before) {
        return std::nullopt;
    }
    const Record& record = found->second;
    return Hold{record.in_a_row >= kUnhealthyAfter,
                std::chrono::ceil<base::Millis>(record.not_before - now), reason_of(record)};
}

std::optional<CrashLoop::Trouble> CrashLoop::trouble(const std::string& pool,
                                                     base::BootTime now) const {
    const auto found = pools_.find(pool);
    if (found == pools_.end() || found->second.in_a_row < kUnhealthyAfter) {
        return std::nullopt;
    }
    return Trouble{reason_of(found->second), now >= found->second.not_before};
}

std::optional<base::BootTime> CrashLoop::on_probation_since(const std::string& pool) const {
    const auto found = pools_.find(pool);
    return found == pools_.end() ? std::nullopt : std::optional(found->second.last_death);
}

}  // namespace fleet::coordinator
