#include "machines/calls/hook_owner.hpp"

#include <algorithm>
#include <csignal>
#include <exception>
#include <utility>

#include <sys/eventfd.h>

#include "common/base/errors.hpp"

namespace fleet::calls {
namespace {

using expression::Dict;
using expression::Value;

/// poll counts CLOCK_MONOTONIC, deadlines CLOCK_BOOTTIME: after a suspend a longer sleep would end
/// too late.
constexpr base::Millis kLongestPoll{30'000};
/// How long a stopped caller waits to see its process dead.
constexpr base::Millis kCancelLimit{80};
/// Between the end of a command's stdout and its own end.
constexpr base::Millis kClosedLimit{1'000};
/// Longer limits are cut to it, so that no sum overflows.
constexpr base::Millis kLongestTimeout = std::chrono::hours(24 * 3660);

std::string encode_hello(const std::string& name, const Value& args) {
    Dict members;
    members.set("version", Value::integer(kHookProtocolVersion));
    members.set("name", Value::string(name));
    members.set("args", args.is_dict() ? args : Value::dict({}));
    return encode_request({kHelloId, "hello", Value::dict(std::move(members))});
}

/// Signals are for the process's other threads; a write to a dead command is an error, no signal.
void block_signals() {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

HookProcess::Owner::Owner(HookCommand command, const Value& args, const base::Clock& clock,
                          base::Log& log)
    : command_(std::move(command)),
      hello_line_(encode_hello(command_.name, args)),
      clock_(clock),
      log_(log),
      event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!event_) {
        throw base::StoreError(base::StoreError::Kind::internal,
                               base::describe_errno("making an eventfd for a hook", errno));
    }
    thread_ = std::jthread([this](const std::stop_token& stop) { run_thread(stop); });
}

HookProcess::Owner::~Owner() {
    begin_end();
    thread_.join();
}

void HookProcess::Owner::begin_end() {
    thread_.request_stop();
    wake();
}

void HookProcess::Owner::wake() const {
    ::eventfd_write(event_.get(), 1);
}

std::shared_ptr<const HookHello> HookProcess::Owner::known_hello() const {
    const std::scoped_lock lock(mutex_);
    return hello_;
}

Value HookProcess::Owner::run(const CallPointer& call, const std::stop_token& stop) {
    const auto is_done = [&call] { return call->done; };
    std::unique_lock lock(mutex_);
    if (stop.stop_requested()) {
        throw base::Cancelled(named(call->method) + ": stopped before it was sent");
    }
    submitted_.push_back(call);
    wake();
    if (!call->ready.wait(lock, stop, is_done)) {
        call->cancelled = true;
        wake();
        call->ready.wait_for(lock, kCancelLimit, is_done);
        throw base::Cancelled(named(call->method) + ": stopped");
    }
    if (const auto* failure = std::get_if<HookFailure>(&call->outcome)) {
        throw CallError(failure->type, failure->message);
    }
    Value* const result = std::get_if<Value>(&call->outcome);
    return result == nullptr ? Value() : std::move(*result);
}

void HookProcess::Owner::complete(const CallPointer& call,
                                  std::variant<std::monostate, Value, HookFailure> outcome) {
    const std::scoped_lock lock(mutex_);
    if (!call->done) {
        call->outcome = std::move(outcome);
        call->done = true;
        call->ready.notify_all();
    }
}

// --- The owner's thread
// ---------------------------------------------------------------------------

void HookProcess::Owner::run_thread(const std::stop_token& stop) {
    block_signals();
    while (!stop.stop_requested()) {
        try {
            loop(stop);
        } catch (const std::exception& error) {
            // This machine lacks something (memory, descriptors): the calls fail, the hook stays.
            child_.reset();
            greeting_ = true;  // those who wait fail too
            fail("HookStartError", error.what() + count_failure());
        }
    }
    end_everything();
}

void HookProcess::Owner::loop(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        accept_calls();
        start_if_wanted();
        send_waiting();
        wait_for_event();
        if (child_) {
            serve_child();
        }
        expire();
    }
}

void HookProcess::Owner::accept_calls() {
    std::vector<std::uint64_t> cancelled;
    {
        const std::scoped_lock lock(mutex_);
        std::move(submitted_.begin(), submitted_.end(), std::back_inserter(waiting_));
        submitted_.clear();
        std::erase_if(waiting_, [](const CallPointer& call) { return call->cancelled; });
        for (const auto& [id, flying] : in_flight_) {
            if (flying.call->cancelled && !flying.abandoned) {
                cancelled.push_back(id);
            }
        }
    }
    if (!cancelled.empty()) {
        cancel_in_flight(cancelled);
    }
}

/// What is stopped must have no further effects; others' calls are not broken off for it.
void HookProcess::Owner::cancel_in_flight(const std::vector<std::uint64_t>& ids) {
    for (const std::uint64_t id : ids) {
        in_flight_.at(id).abandoned = true;
    }
    const bool nobody_waits =
        std::ranges::all_of(in_flight_, [](const auto& entry) { return entry.second.abandoned; });
    std::vector<CallPointer> stopped;
    for (const std::uint64_t id : ids) {
        stopped.push_back(in_flight_.at(id).call);
    }
    if (nobody_waits) {
        child_.reset();  // kills it and its group
        in_flight_.clear();
    }
    for (const CallPointer& call : stopped) {
        complete(call, {});
    }
}

/// A start (a model that is loaded) may take longer than a call.
base::Millis HookProcess::Owner::start_timeout() const {
    return std::min(std::max(command_.timeout, command_.start_timeout), kLongestTimeout);
}

void HookProcess::Owner::start_if_wanted() {
    if (child_ || waiting_.empty() || clock_.boot_now() < start_at_) {
        return;
    }
    errors_ = {};
    closed_deadline_.reset();
    auto started = HookChild::start({.argv = command_.argv,
                                     .directory = command_.directory,
                                     .environment = command_.environment});
    if (const auto* failed = std::get_if<process::SpawnFailure>(&started)) {
        greeting_ = true;  // those who wait fail
        fail("HookStartError", failed->message + count_failure());
        return;
    }
    child_.emplace(std::move(std::get<HookChild>(started)));
    greeting_ = true;
    hello_deadline_ = clock_.boot_now() + start_timeout();
    child_->send(hello_line_);
}

void HookProcess::Owner::send_waiting() {
    if (!child_ || greeting_) {
        return;
    }
    while (!waiting_.empty()) {
        const CallPointer call = waiting_.front();
        if (call->line.empty()) {
            complete(call, {});
            waiting_.pop_front();
            continue;
        }
        if (in_flight_.size() >= (concurrent_ ? kMaxHookCalls : 1) || child_->has_exited()) {
            return;
        }
        waiting_.pop_front();
        child_->send(std::move(call->line));
        const auto deadline = clock_.boot_now() + std::min(call->timeout, kLongestTimeout);
        in_flight_.emplace(call->id, InFlight{call, deadline});
    }
}

std::optional<base::BootTime> HookProcess::Owner::next_deadline() const {
    std::optional<base::BootTime> next;
    const auto consider = [&next](base::BootTime time) {
        next = next ? std::min(*next, time) : time;
    };
    for (const auto& [id, flying] : in_flight_) {
        consider(flying.deadline);
    }
    if (child_ && greeting_) {
        consider(hello_deadline_);
    }
    if (child_ && closed_deadline_) {
        consider(*closed_deadline_);
    }
    if (!child_ && !waiting_.empty()) {
        consider(start_at_);
    }
    return next;
}

void HookProcess::Owner::wait_for_event() {
    if (child_) {
        child_->write_pending();
    }
    std::vector<pollfd> polled{{event_.get(), POLLIN, 0}};
    if (child_) {
        child_->add_polled(polled);
    }
    int timeout_ms = -1;
    if (const auto next = next_deadline()) {
        const auto left = std::max(base::BootClock::duration{0}, *next - clock_.boot_now());
        timeout_ms =
            static_cast<int>(std::min(std::chrono::ceil<base::Millis>(left), kLongestPoll).count());
    }
    ::poll(polled.data(), polled.size(), timeout_ms);
    eventfd_t count = 0;
    ::eventfd_read(event_.get(), &count);
}

void HookProcess::Owner::route_errors() {
    std::string path;
    if (greeting_ && !waiting_.empty()) {
        path = waiting_.front()->log_path;
    } else if (in_flight_.size() == 1) {
        path = in_flight_.begin()->second.call->log_path;
    }
    errors_.set_path(path.empty() ? command_.stderr_path : path);
}

void HookProcess::Owner::serve_child() {
    route_errors();
    const bool exited = child_->has_exited();  // before reading: what it wrote is all there then
    child_->read_available(errors_);
    while (child_) {
        const auto line = child_->next_line();
        if (!line) {
            break;
        }
        take_line(*line);
    }
    if (!child_) {
        return;
    }
    const std::string_view rest = child_->unfinished_line();
    if (rest.size() > kMaxHookMessageBytes) {
        break_off("HookProtocolError", "its answer has more than the " +
                                           std::to_string(kMaxHookMessageBytes) +
                                           " bytes that it may have: " + quoted_beginning(rest));
    } else if (exited) {
        const std::string quoted = rest.empty() ? "" : quoted_beginning(rest);
        const process::ExitStatus status = child_->kill();
        const std::string end = "its command " + describe(status);
        child_.reset();
        fail(quoted.empty() ? "HookDied" : "HookProtocolError",
             end + (quoted.empty() ? "" : " in the middle of a line: " + quoted) + last_words() +
                 count_failure());
    } else if (child_->is_closed() && !closed_deadline_) {
        closed_deadline_ = clock_.boot_now() + kClosedLimit;
    }
}

void HookProcess::Owner::take_line(std::string_view line) {
    if (line.size() > kMaxHookMessageBytes) {
        break_off("HookProtocolError", "an answer is too long: " + quoted_beginning(line));
        return;
    }
    if (greeting_) {
        take_hello(line);
        return;
    }
    try {
        HookAnswer answer = parse_answer(line);
        const auto found = in_flight_.find(answer.id);
        if (found == in_flight_.end()) {
            break_off("HookProtocolError",
                      "it answered the request " + std::to_string(answer.id) +
                          ", which it was not sent: " + quoted_beginning(line));
            return;
        }
        const CallPointer call = found->second.call;
        in_flight_.erase(found);
        failures_ = 0;
        if (auto* failure = std::get_if<HookFailure>(&answer.outcome)) {
            complete(call, std::move(*failure));
        } else {
            complete(call, std::move(std::get<Value>(answer.outcome)));
        }
    } catch (const CallError& error) {
        break_off(error.type(), error.what());
    }
}

void HookProcess::Owner::take_hello(std::string_view line) {
    try {
        auto hello = std::make_shared<const HookHello>(parse_hello(line));
        greeting_ = false;
        concurrent_ = command_.concurrent.value_or(hello->concurrent);
        const std::scoped_lock lock(mutex_);
        hello_ = std::move(hello);
    } catch (const CallError& error) {
        break_off(error.type(), error.what());
    }
}

void HookProcess::Owner::expire() {
    const base::BootTime now = clock_.boot_now();
    if (child_ && greeting_ && now >= hello_deadline_) {
        break_off("TimeoutError", "it did not say hello within " +
                                      base::human_duration(start_timeout()) + "; it was killed");
        return;
    }
    if (child_ && closed_deadline_ && now >= *closed_deadline_) {
        break_off("HookProtocolError", "its command closed its standard output and did not end");
        return;
    }
    for (const auto& [id, flying] : in_flight_) {
        if (now >= flying.deadline) {
            const CallPointer late = flying.call;
            time_out(late);
            return;
        }
    }
}

}  // namespace fleet::calls
