#include "tests/conformance/stub_state.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <unistd.h>
#include <utility>

#include <sys/file.h>

#include "common/base/errors.hpp"
#include "common/base/fd.hpp"
#include "common/base/json.hpp"

namespace fleet::conformance {
namespace {

int count_in_file(const std::filesystem::path& file, const std::string& name) {
    const std::string line = base::dump_json(name) + "\n";
    const base::UniqueFd counters(
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    // The lock is the file's, and ends with it: also when its holder is killed.
    if (!counters || ::flock(counters.get(), LOCK_EX) != 0) {
        throw base::ConfigError(base::describe_errno("locking " + file.string(), errno));
    }
    int count = 1;
    std::ifstream earlier(file);
    for (std::string one; std::getline(earlier, one);) {
        count += one + "\n" == line ? 1 : 0;
    }
    if (::write(counters.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
        throw base::ConfigError(base::describe_errno("writing " + file.string(), errno));
    }
    return count;
}

}  // namespace

StubState::StubState(std::filesystem::path file) : file_(std::move(file)) {}

int StubState::next_call(const std::string& counter) {
    return next("call " + counter);
}

int StubState::next_failure(const std::string& hooks, const std::string& action) {
    return next("failure " + hooks + "\n" + action);
}

int StubState::next(const std::string& name) {
    const std::scoped_lock lock(mutex_);
    return file_.empty() ? ++counts_[name] : count_in_file(file_, name);
}

}  // namespace fleet::conformance
