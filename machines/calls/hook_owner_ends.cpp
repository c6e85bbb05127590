// How a hook's process ends, and what its callers are told.
#include <algorithm>
#include <utility>
#include <vector>

#include "machines/calls/hook_owner.hpp"

namespace fleet::calls {
namespace {

constexpr base::Millis kFirstPause{100};

base::Millis pause_after(int failures) {
    if (failures <= 1) {
        return base::Millis{0};
    }
    return std::min(kLongestHookPause, kFirstPause * (1 << std::min(failures - 2, 10)));
}

}  // namespace

std::string HookProcess::Owner::named(const std::string& method) const {
    return "hook \"" + command_.name + "\", " + method;
}

std::string HookProcess::Owner::last_words() const {
    const std::string excerpt = errors_.excerpt();
    return excerpt.empty() ? "; it wrote nothing on stderr"
                           : "; its last lines on stderr: " + excerpt;
}

std::string HookProcess::Owner::count_failure() {
    ++failures_;
    const base::Millis pause = pause_after(failures_);
    start_at_ = clock_.boot_now() + pause;
    return failures_ == 1
               ? std::string()
               : "; it failed " + std::to_string(failures_) +
                     " times in a row, the next start waits " + base::human_duration(pause);
}

void HookProcess::Owner::fail(const std::string& type, const std::string& reason) {
    std::vector<CallPointer> failed;
    for (const auto& [id, flying] : in_flight_) {
        failed.push_back(flying.call);
    }
    in_flight_.clear();
    if (greeting_) {
        // They waited for this start; another one is for those who come later.
        failed.insert(failed.end(), waiting_.begin(), waiting_.end());
        waiting_.clear();
    }
    greeting_ = false;
    if (failed.empty()) {
        log_.warn("a hook's process ended between calls",
                  {{"hook", command_.name}, {"reason", reason}});
    }
    for (const CallPointer& call : failed) {
        complete(call, HookFailure{type, named(call->method) + ": " + reason});
    }
}

void HookProcess::Owner::break_off(const std::string& type, const std::string& reason) {
    child_->kill();
    child_.reset();
    fail(type, reason + last_words() + count_failure());
}

void HookProcess::Owner::time_out(const CallPointer& late) {
    std::string reason = "no answer within " + base::human_duration(late->timeout);
    if (const std::string_view rest = child_->unfinished_line(); !rest.empty()) {
        reason += "; it had begun a line: " + quoted_beginning(rest);
    }
    child_->kill();
    child_.reset();
    in_flight_.erase(late->id);
    const std::string counted = count_failure();
    const std::string others = named(late->method) + " was not answered in time";
    complete(late,
             HookFailure{"TimeoutError", named(late->method) + ": " + reason +
                                             "; its command was killed" + last_words() + counted});
    if (!in_flight_.empty()) {
        fail("HookDied", "its command was killed, because " + others + counted);
    }
}

void HookProcess::Owner::end_everything() {
    if (child_) {
        const process::ExitStatus status = child_->end(clock_, command_.grace, errors_);
        child_.reset();
        if (status.signal) {
            log_.warn("a hook did not end when its standard input was closed",
                      {{"hook", command_.name}, {"it", describe(status)}});
        }
    }
    accept_calls();
    greeting_ = true;  // those who wait fail too
    if (!in_flight_.empty() || !waiting_.empty()) {
        fail("HookDied", "the hook is being ended");
    }
}

}  // namespace fleet::calls
