// A worker on a thread of this process, over a store in memory.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "common/base/clock.hpp"
#include "common/base/logging.hpp"
#include "common/store/memory/memory_store.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/unit/worker/faulty_store.hpp"
#include "worker/worker.hpp"

namespace fleet::worker_test {

using namespace std::chrono_literals;
using model::ExecutionId;
using model::Status;
using test_support::wait_until;

class WorkerFixture {
  public:
    WorkerFixture() {
        options.store.scheme = "memory";
        options.worker_id = "worker-1";
        options.host = "box";
        options.slots = 2;
        options.lease_ttl = 1s;
        options.grace = 10s;
    }
    ~WorkerFixture() {
        if (worker_) {
            worker_->interrupt("end of the test");
            worker_->interrupt("end of the test");
            thread_.join();
        }
    }

    base::SystemClock clock;
    FaultyStore store{store::memory::make_memory_store({"memory", "", {}}, clock)};
    base::Log log{"worker", base::LogLevel::off};
    worker::WorkerOptions options;

    std::vector<ExecutionId> push(const std::string& machine, std::size_t count,
                                  const std::string& input, int max_attempts = 1) {
        model::WorkSpec spec;
        spec.machine = machine;
        spec.backoff.steps = {1ms};
        spec.backoff.jitter = 0;
        contracts::PushRequest request;
        request.pool = "default";
        request.spec = store.work().put_spec(spec);
        request.max_attempts = max_attempts;
        request.executions.resize(count);
        for (contracts::NewExecution& execution : request.executions) {
            execution.input = input;
        }
        std::vector<ExecutionId> ids;
        for (const auto& pushed : store.work().push(request).executions) {
            ids.push_back(pushed.id);
        }
        return ids;
    }

    worker::Worker& start() {
        worker_ = std::make_unique<worker::Worker>(options, store, clock, log);
        std::packaged_task<int()> task([this] { return worker_->run(); });
        code_ = task.get_future();
        thread_ = std::jthread(std::move(task));
        return *worker_;
    }
    /// The exit code; what `run` threw is thrown here.
    int finish() {
        REQUIRE(code_.wait_for(20s) == std::future_status::ready);
        thread_.join();
        worker_.reset();
        return code_.get();
    }
    bool has_ended() { return code_.wait_for(0s) == std::future_status::ready; }

    model::Execution get(const ExecutionId& id) { return store.work().get(id).value(); }
    std::size_t count(const std::vector<ExecutionId>& ids, Status status) {
        std::size_t found = 0;
        for (const ExecutionId& id : ids) {
            found += get(id).status == status ? 1 : 0;
        }
        return found;
    }
    model::WorkerStatus status() {
        return store.registration().get(options.worker_id).value().status;
    }

  private:
    std::unique_ptr<worker::Worker> worker_;
    std::future<int> code_;
    std::jthread thread_;
};

}  // namespace fleet::worker_test
