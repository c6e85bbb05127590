#include "machines/engine/inline_runner.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <list>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/errors.hpp"

namespace fleet::engine {

using expression::Value;

namespace {

/// Children of one state, on the threads that run them: lives as long as one of them does.
struct Family {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::vector<std::optional<ChildEnd>> ends;
    std::optional<std::size_t> first;
    std::size_t ended = 0;
    std::size_t next = 0;
    bool is_parked = false;
    std::exception_ptr fatal;
};

struct Child {
    RunIdentity identity;
    Value input;
    std::optional<Failure> failure;
};

}  // namespace

class InlineRunner::Impl {
  public:
    Impl(std::shared_ptr<const Program> program, Surroundings& surroundings)
        : program_(std::move(program)), surroundings_(surroundings) {}

    ~Impl() {
        stop_.request_stop();
        wait();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    [[nodiscard]] const Program& program() const { return *program_; }
    [[nodiscard]] Surroundings& surroundings() const { return surroundings_; }
    [[nodiscard]] std::stop_token stop() const { return stop_.get_token(); }

    /// Runs `body` beside; it must not throw.
    void beside(std::function<void()> body) {
        // Joined here, behind the lock: a machine without end has children without end.
        std::list<std::jthread> ended;
        const std::scoped_lock lock(mutex_);
        ended.swap(ended_);
        const auto own = threads_.emplace(threads_.end());
        *own = std::jthread([this, own, body = std::move(body)] {
            body();
            const std::scoped_lock inner(mutex_);
            ended_.splice(ended_.end(), threads_, own);
            --running_;
            changed_.notify_all();
        });
        ++running_;
    }

    void wait() {
        std::list<std::jthread> ended;
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return running_ == 0; });
        ended.swap(ended_);
        lock.unlock();
    }

    Outcome run(std::size_t machine, RunOptions options,
                const std::function<Outcome(MachineRun&)>& body);
    Outcome run_child(const Child& child, const std::stop_token& stop);

  private:
    const std::shared_ptr<const Program> program_;
    Surroundings& surroundings_;
    std::stop_source stop_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t running_ = 0;
    std::list<std::jthread> threads_;  ///< that run
    std::list<std::jthread> ended_;    ///< to be joined
};

namespace {

template <typename Runner>
class InlineHost final : public Host {
  public:
    InlineHost(Runner& runner, RunIdentity identity, std::stop_token stop)
        : runner_(runner), identity_(std::move(identity)), stop_(std::move(stop)) {}

    void checkpoint(const MachineSnapshot& snapshot, bool kept) override {
        runner_.surroundings().checkpoint(identity_, snapshot, kept);
    }
    void amend(const MachineSnapshot& snapshot, bool kept) override {
        runner_.surroundings().amend(identity_, snapshot, kept);
    }
    std::unique_ptr<calls::Hooks> hooks(const std::string& name, const Value& args) override {
        return runner_.surroundings().hooks(identity_, name, args);
    }
    std::shared_ptr<calls::Agent> agent(const Machine& /*machine*/,
                                        const config::AgentDefinition& definition) override {
        return runner_.surroundings().agent(identity_, definition);
    }
    std::optional<Value> receive(const std::string& channel,
                                 std::optional<base::Millis> timeout) override {
        return runner_.surroundings().receive(identity_, channel, timeout);
    }
    std::string launch_id(const MachineSnapshot& /*snapshot*/) override {
        return runner_.surroundings().new_execution_id();
    }
    void warn(const std::string& message) override {
        runner_.surroundings().warn(identity_, message);
    }

    void launch(const MachineSnapshot& /*snapshot*/, const ChildCall& call,
                const std::string& execution_id) override {
        if (const auto refusal = runner_.program().refusal(call.machine)) {
            throw MachineError(*refusal);
        }
        start_beside(child_of(call, execution_id));
    }

    void relaunch(const LaunchIntent& intent) override {
        if (runner_.surroundings().has_result(intent.execution_id)) {
            return;
        }
        const config::MachineReference* reference =
            identity_.machine->definition->find_machine(intent.machine);
        if (reference == nullptr || !reference->index) {
            warn("the machine `" + intent.machine + "` was to be launched as " +
                 intent.execution_id + " and is not in the definition any more");
            return;
        }
        start_beside(
            child_of({intent.machine, *reference->index, intent.input, {}}, intent.execution_id));
    }

    std::variant<ChildrenEnd, Parked> children(const MachineSnapshot& /*snapshot*/,
                                               const ChildrenRequest& request) override {
        auto everyone = std::make_shared<std::vector<Child>>();
        for (std::size_t ordinal = 0; ordinal < request.source.size(); ++ordinal) {
            everyone->push_back(
                child_of(request.source.call(ordinal), runner_.surroundings().new_execution_id()));
        }
        auto family = std::make_shared<Family>();
        family->ends.resize(everyone->size());
        const std::size_t threads = std::min(everyone->size(), InlineRunner::kMostThreads);
        // The rest of `any` may be cancelled alone; a time-out ends all.
        auto rest = std::make_shared<std::stop_source>();
        for (std::size_t at = 0; at < threads; ++at) {
            runner_.beside([runner = &runner_, everyone, family, rest, stop = stop_] {
                work(*runner, *everyone, *family, *rest, stop);
            });
        }
        return wait_for(*family, *rest, request);
    }

  private:
    [[nodiscard]] Child child_of(ChildCall call, std::string execution_id) const {
        Child child;
        child.identity = {std::move(execution_id), identity_.execution_id, nullptr,
                          identity_.depth + 1};
        child.failure = std::move(call.failure);
        if (!child.failure) {
            child.identity.machine = &runner_.program().machines()[call.machine];
        }
        child.input = std::move(call.input);
        return child;
    }

    void start_beside(Child child) {
        runner_.beside([runner = &runner_, child = std::move(child)] {
            try {
                // A launched machine outlives its parent; only the runner's end stops it.
                (void)runner->run_child(child, runner->stop());
            } catch (const std::exception&) {
                // A torn down process ends what it has launched as well: nobody waits for it.
                return;
            }
        });
    }

    static void work(Runner& runner, const std::vector<Child>& everyone, Family& family,
                     const std::stop_source& rest, const std::stop_token& stop) {
        std::stop_source own;
        const std::stop_callback on_run(stop, [&own] { own.request_stop(); });
        const std::stop_callback on_rest(rest.get_token(), [&own] { own.request_stop(); });
        const std::stop_callback on_runner(runner.stop(), [&own] { own.request_stop(); });
        for (;;) {
            std::size_t ordinal = 0;
            {
                const std::scoped_lock lock(family.mutex);
                if (family.next == everyone.size() || own.stop_requested()) {
                    return;
                }
                ordinal = family.next++;
            }
            run_one(runner, everyone[ordinal], family, ordinal, own.get_token());
        }
    }

    static void run_one(Runner& runner, const Child& child, Family& family, std::size_t ordinal,
                        const std::stop_token& stop) {
        std::optional<ChildEnd> end;
        std::exception_ptr fatal;
        bool is_parked = false;
        try {
            Outcome outcome =
                child.failure ? Outcome(*child.failure) : runner.run_child(child, stop);
            if (auto* finished = std::get_if<Finished>(&outcome)) {
                end = ChildEnd{std::move(finished->output), {}};
            } else if (auto* failure = std::get_if<Failure>(&outcome)) {
                end = ChildEnd{{}, std::move(*failure)};
            } else {
                is_parked = true;
            }
        } catch (...) {
            fatal = std::current_exception();
        }
        const std::scoped_lock lock(family.mutex);
        ++family.ended;
        family.is_parked = family.is_parked || is_parked;
        if (fatal && !family.fatal) {
            family.fatal = fatal;
        }
        if (end && !family.first) {
            family.first = ordinal;
        }
        family.ends[ordinal] = std::move(end);
        family.changed.notify_all();
    }

    std::variant<ChildrenEnd, Parked> wait_for(Family& family, std::stop_source& rest,
                                               const ChildrenRequest& request) {
        const bool any = request.mode == config::Mode::any;
        std::unique_lock lock(family.mutex);
        const auto is_over = [&] {
            return family.fatal || family.ended == family.ends.size() || (any && family.first);
        };
        bool timed_out = false;
        if (request.timeout) {
            timed_out = !family.changed.wait_for(lock, stop_, *request.timeout, is_over);
        } else {
            family.changed.wait(lock, stop_, is_over);
        }
        if (stop_.stop_requested() && !is_over()) {
            lock.unlock();
            rest.request_stop();
            throw base::Cancelled("waiting for the children of " + identity_.execution_id);
        }
        if (family.fatal) {
            std::rethrow_exception(family.fatal);
        }
        if (family.is_parked && !(any && family.first)) {
            return Parked{};
        }
        ChildrenEnd end{family.ends, family.first, timed_out};
        lock.unlock();
        if ((any && request.cancel_rest) || (timed_out && !any)) {
            rest.request_stop();
        }
        return end;
    }

    Runner& runner_;
    const RunIdentity identity_;
    const std::stop_token stop_;
};

}  // namespace

Outcome InlineRunner::Impl::run(std::size_t machine, RunOptions options,
                                const std::function<Outcome(MachineRun&)>& body) {
    if (auto refusal = program_->refusal(machine)) {
        return std::move(*refusal);
    }
    const Machine& definition = program_->machines()[machine];
    const RunIdentity identity{options.execution_id, options.parent_execution_id, &definition,
                               options.depth};
    try {
        InlineHost<Impl> host(*this, identity, options.stop);
        MachineRun run(*program_, definition, host, std::move(options));
        Outcome outcome = body(run);
        surroundings_.run_ended(identity, run.snapshot());
        return outcome;
    } catch (const MachineError& error) {
        return error.failure();
    }
}

Outcome InlineRunner::Impl::run_child(const Child& child, const std::stop_token& stop) {
    if (child.failure) {
        return *child.failure;
    }
    RunOptions options;
    options.execution_id = child.identity.execution_id;
    options.parent_execution_id = child.identity.parent_execution_id;
    options.depth = child.identity.depth;
    options.stop = stop;
    surroundings_.child_began(child.identity, child.input);
    Outcome outcome = run(child.identity.machine->index, std::move(options),
                          [&](MachineRun& run) { return run.start(child.input); });
    surroundings_.child_ended(child.identity, outcome);
    return outcome;
}

InlineRunner::InlineRunner(std::shared_ptr<const Program> program, Surroundings& surroundings)
    : impl_(std::make_unique<Impl>(std::move(program), surroundings)) {}

InlineRunner::~InlineRunner() = default;

Outcome InlineRunner::start(std::size_t machine, RunOptions options, const Value& input) {
    return impl_->run(machine, std::move(options),
                      [&](MachineRun& run) { return run.start(input); });
}

Outcome InlineRunner::resume(std::size_t machine, RunOptions options, MachineSnapshot snapshot) {
    return impl_->run(machine, std::move(options),
                      [&](MachineRun& run) { return run.resume(std::move(snapshot)); });
}

void InlineRunner::wait() {
    impl_->wait();
}

}  // namespace fleet::engine
