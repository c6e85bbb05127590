// A worker whose machines have the scripted hooks and agents of the conformance cases. Every child
// is an execution of its own, and never runs where its parent last ran.
//
// conformance_worker FOLDER WORKER_OPTION...
//
// FOLDER has the file of the scripts' counters, and one in which every claim is noted.
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <iostream>
#include <memory>
#include <poll.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <sys/eventfd.h>
#include <sys/syscall.h>

#include "common/base/clock.hpp"
#include "common/base/errors.hpp"
#include "common/base/fd.hpp"
#include "common/store/open.hpp"
#include "tests/conformance/stub_extras.hpp"
#include "tests/unit/worker/faulty_store.hpp"
#include "worker/options.hpp"
#include "worker/signal_watch.hpp"
#include "worker/worker.hpp"

namespace {

using namespace fleet;

/// "EXECUTION WORKER", a line for each start, in the order of the claims.
void note_claims(const std::string& file, const std::string& worker_id,
                 const contracts::ClaimAnswer& answer) {
    std::string lines;
    for (const contracts::Claimed& one : answer.claimed) {
        lines += one.lease.execution.text() + " " + worker_id + "\n";
    }
    const base::UniqueFd journal(
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (::write(journal.get(), lines.data(), lines.size()) != static_cast<ssize_t>(lines.size())) {
        throw base::ConfigError(base::describe_errno("writing " + file, errno));
    }
}

/// Hands back the children of parents that ran here last, for another process.
void leave_own_children(contracts::Store& store, const std::string& worker_id,
                        contracts::ClaimAnswer& answer) {
    std::vector<model::Lease> for_others;
    std::erase_if(answer.claimed, [&](const contracts::Claimed& one) {
        if (one.parent.is_nil()) {
            return false;
        }
        const auto parent = store.work().get(one.parent);
        const bool is_own = parent && parent->worker_id == worker_id;
        if (is_own) {
            for_others.push_back(one.lease);
        }
        return is_own;
    });
    if (!for_others.empty()) {
        (void)store.work().release(for_others);
    }
}

/// Ends this process when that which started it is gone, however that ended.
class ParentWatch {
  public:
    ParentWatch()
        : parent_(static_cast<int>(::syscall(SYS_pidfd_open, ::getppid(), 0))),
          stop_(::eventfd(0, EFD_CLOEXEC)),
          thread_([this] { watch(); }) {}
    ParentWatch(const ParentWatch&) = delete;
    ParentWatch& operator=(const ParentWatch&) = delete;
    ~ParentWatch() { ::eventfd_write(stop_.get(), 1); }

  private:
    void watch() {
        std::array<pollfd, 2> ready{{{parent_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
        while (::poll(ready.data(), ready.size(), -1) < 0) {
        }
        if (ready[1].revents == 0) {
            ::_exit(1);
        }
    }

    const base::UniqueFd parent_;
    const base::UniqueFd stop_;
    std::jthread thread_;
};

int run(const std::string& folder, worker::WorkerOptions options) {
    worker::block_signals();
    const ParentWatch parent;
    const base::SystemClock clock;
    base::Log log("worker", options.log_level);
    worker_test::FaultyStore store(store::open_store(options.store, clock, store::Missing::refuse));
    store.faults.after_claim = [&store, &folder,
                                id = options.worker_id](contracts::ClaimAnswer& answer) {
        leave_own_children(store, id, answer);
        note_claims(folder + "/claims", id, answer);
    };
    conformance::StubState state(folder + "/counters");
    worker::MachineExtras extras = conformance::scripted_extras(state);
    extras.children_elsewhere = true;
    worker::Worker worker(std::move(options), store, clock, log, std::move(extras));
    const worker::SignalWatch signals(
        [&worker](const std::string& name) { worker.interrupt(name); });
    return worker.run();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::cerr << "usage: conformance_worker FOLDER WORKER_OPTION...\n";
        return 2;
    }
    try {
        const auto parsed = worker::parse_options(
            std::vector<std::string>(argv + 2, argv + argc),
            [](const char*) { return std::string(); }, std::cout, std::cerr);
        if (const int* code = std::get_if<int>(&parsed)) {
            return *code;
        }
        return run(argv[1], std::get<worker::WorkerOptions>(parsed));
    } catch (const std::exception& failure) {
        std::cerr << "conformance_worker: " << failure.what() << std::endl;
    }
    return 1;
}
