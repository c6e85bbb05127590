// The inside of a HookProcess: the thread that owns a hook command's process, and the calls on
// their way through it. For hook_process.cpp alone.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "machines/calls/hook_child.hpp"
#include "machines/calls/hook_process.hpp"

namespace fleet::calls {

/// One request on its way. Shared: a caller that was stopped leaves while the owner still knows it.
struct HookCall {
    std::uint64_t id = 0;
    std::string method;
    std::string line;  ///< empty: only the hello is wanted
    std::string log_path;
    base::Millis timeout{0};

    // Guarded by the owner's mutex.
    bool cancelled = false;
    bool done = false;
    std::variant<std::monostate, expression::Value, HookFailure> outcome;
    std::condition_variable_any ready;
};

class HookProcess::Owner {
  public:
    Owner(HookCommand command, const expression::Value& args, const base::Clock& clock,
          base::Log& log);
    Owner(const Owner&) = delete;
    Owner& operator=(const Owner&) = delete;
    ~Owner();

    [[nodiscard]] std::shared_ptr<const HookHello> known_hello() const;
    [[nodiscard]] std::uint64_t next_id() { return ++last_id_; }
    [[nodiscard]] const HookCommand& command() const { return command_; }
    /// Blocks until it is done or stopped.
    expression::Value run(const std::shared_ptr<HookCall>& call, const std::stop_token& stop);
    void begin_end();

  private:
    using CallPointer = std::shared_ptr<HookCall>;
    struct InFlight {
        CallPointer call;
        base::BootTime deadline;
        bool abandoned = false;  ///< its caller was stopped; the answer is dropped
    };

    void wake() const;
    void complete(const CallPointer& call,
                  std::variant<std::monostate, expression::Value, HookFailure> outcome);

    // The owner's thread.
    void run_thread(const std::stop_token& stop);
    void loop(const std::stop_token& stop);
    void accept_calls();
    void cancel_in_flight(const std::vector<std::uint64_t>& ids);
    [[nodiscard]] base::Millis start_timeout() const;
    void start_if_wanted();
    void send_waiting();
    void wait_for_event();
    void serve_child();
    void take_line(std::string_view line);
    void take_hello(std::string_view line);
    void expire();
    void end_everything();

    [[nodiscard]] std::optional<base::BootTime> next_deadline() const;
    [[nodiscard]] bool is_concurrent() const;
    [[nodiscard]] std::string named(const std::string& method) const;
    [[nodiscard]] std::string last_words() const;
    void route_errors();
    /// After the process is gone: whoever depended on it fails with this.
    void fail(const std::string& type, const std::string& reason);
    [[nodiscard]] std::string count_failure();
    void break_off(const std::string& type, const std::string& reason);
    void time_out(const CallPointer& late);

    const HookCommand command_;
    const std::string hello_line_;
    const base::Clock& clock_;
    base::Log& log_;
    base::UniqueFd event_;
    std::atomic<std::uint64_t> last_id_{kHelloId};

    mutable std::mutex mutex_;  ///< guards these, and every call's outcome
    std::deque<CallPointer> submitted_;
    std::shared_ptr<const HookHello> hello_;  ///< shared: replaced at every start, read by callers

    // Of the owner's thread alone.
    std::deque<CallPointer> waiting_;
    std::map<std::uint64_t, InFlight> in_flight_;
    std::optional<HookChild> child_;
    bool greeting_ = false;  ///< the child has not said hello yet
    bool concurrent_ = false;
    base::BootTime hello_deadline_{};
    std::optional<base::BootTime> closed_deadline_;  ///< its stdout is closed; it should end
    HookErrorOutput errors_;
    int failures_ = 0;  ///< in a row, without an answer between
    base::BootTime start_at_{};
    std::jthread thread_;  // last: it uses all the others
};

}  // namespace fleet::calls
