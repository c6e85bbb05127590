#include "tests/fault/worker_box.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "common/process/identity.hpp"
#include "common/process/proc.hpp"
#include "common/store/open.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/wait_until.hpp"

namespace fleet::fault_test {

using namespace std::chrono_literals;
using test_support::Program;
using test_support::wait_until;

WorkerBox::WorkerBox()
    : url_(base::StoreUrl::parse(box_.store().string(), box_.path(""))),
      store_(store::open_store(url_, clock_)) {}

Program WorkerBox::worker(const std::string& id, std::vector<std::string> more,
                          std::vector<std::string> prefix) const {
    Program program;
    program.argv = std::move(prefix);
    const std::string path = (test_support::bin_dir() / "worker").string();
    for (const auto& argument :
         {path, std::string("--store"), url_.text(), std::string("--worker-id"), id}) {
        program.argv.push_back(argument);
    }
    program.argv.insert(program.argv.end(), more.begin(), more.end());
    program.directory = box_.path("");
    return program;
}

Program WorkerBox::scaler(std::vector<std::string> more) const {
    Program program;
    program.argv = {(test_support::bin_dir() / "scaler").string(), "--store", url_.text()};
    program.argv.insert(program.argv.end(), more.begin(), more.end());
    program.directory = box_.path("");
    return program;
}

std::vector<model::ExecutionId> WorkerBox::push_script(const std::string& script, std::size_t count,
                                                       std::optional<base::Millis> timeout) {
    model::WorkSpec spec;
    spec.machine = "builtin:command";
    // The item is the script's first parameter.
    spec.argv = {"/bin/sh", "-c", script, "sh", "{}"};
    spec.directory = box_.path("").string();
    spec.grace = 200ms;
    spec.timeout = timeout;
    return push(spec, count);
}

std::vector<model::ExecutionId> WorkerBox::push(const model::WorkSpec& spec, std::size_t count) {
    contracts::PushRequest request;
    request.pool = "default";
    request.spec = store_->work().put_spec(spec);
    request.max_attempts = 1;
    for (std::size_t i = 1; i <= count; ++i) {
        contracts::NewExecution execution;
        execution.input = R"({"item":")" + std::to_string(i) + R"("})";
        execution.item_number = static_cast<std::int64_t>(i);
        request.executions.push_back(std::move(execution));
    }
    std::vector<model::ExecutionId> ids;
    for (const auto& pushed : store_->work().push(request).executions) {
        ids.push_back(pushed.id);
    }
    REQUIRE(ids.size() == count);
    return ids;
}

model::Execution WorkerBox::get(const model::ExecutionId& id) {
    return store_->work().get(id).value();
}

bool WorkerBox::is_silent(const std::string& worker_id, base::Millis span) {
    return wait_until(
        [&] {
            const auto record = registration(worker_id);
            return record && record->heartbeat_age >= span;
        },
        kLimit);
}

pid_t WorkerBox::pid_in(std::string_view name) const {
    pid_t pid = 0;
    INFO("waiting for a pid in " << path(name));
    REQUIRE(wait_until(
        [&] {
            std::ifstream stream(path(name));
            std::string line;
            // Whole lines only: the shell may be in the middle of writing.
            if (!std::getline(stream, line) || stream.eof()) {
                return false;
            }
            pid = static_cast<pid_t>(std::stol(line));
            return true;
        },
        kLimit));
    return pid;
}

bool is_gone(pid_t pid) {
    return !process::identity_of(pid).has_value();
}

}  // namespace fleet::fault_test
