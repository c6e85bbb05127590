#include "cli/work/scaler_process.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <deque>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <sstream>
#include <unistd.h>
#include <utility>
#include <variant>

#include <sys/stat.h>
#include <system_error>

#include "common/base/errors.hpp"
#include "common/process/spawn.hpp"

namespace fleet::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::streamoff kLastWordsBytes = 8 << 10;
/// The longest that the scaler takes.
constexpr base::Millis kLongestGrace{1'000'000'000};

struct LifeLine {
    base::UniqueFd read_end;
    base::UniqueFd write_end;
};

LifeLine make_life_line() {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        throw base::ConfigError(base::describe_errno("starting the scaler: making a pipe", errno));
    }
    return {.read_end = base::UniqueFd(ends[0]), .write_end = base::UniqueFd(ends[1])};
}

base::UniqueFd open_log(const fs::path& log) {
    std::error_code error;
    fs::create_directories(log.parent_path(), error);
    base::UniqueFd fd(
        ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (!fd) {
        throw base::ConfigError(
            base::describe_errno("starting the scaler: opening its log " + log.string(), errno));
    }
    return fd;
}

std::string seconds_text(base::Millis span) {
    std::ostringstream text;
    text << std::chrono::duration<double>(span).count();
    return text.str();
}

std::vector<std::string> arguments(const ScalerOptions& options, int life_line) {
    std::vector<std::string> argv{sibling_program("scaler"),
                                  "--store",
                                  options.store_url,
                                  "--pool",
                                  options.pool,
                                  "--min",
                                  std::to_string(options.workers.min),
                                  "--max",
                                  std::to_string(options.workers.max),
                                  "--grace",
                                  seconds_text(std::min(options.grace, kLongestGrace)),
                                  "--parent-fd",
                                  std::to_string(life_line),
                                  "--log-level",
                                  options.verbose ? "debug" : "info"};
    if (!options.batch.empty()) {
        argv.insert(argv.end(), {"--batch", options.batch});
    }
    if (options.slots > 0) {
        argv.insert(argv.end(), {"--slots", std::to_string(options.slots)});
    }
    if (options.resume_only) {
        argv.emplace_back("--resume-only");
    }
    return argv;
}

process::Child start(const ScalerOptions& options, int life_line) {
    const base::UniqueFd log = open_log(options.log);
    const base::UniqueFd null = process::open_null();
    const std::vector<std::string> argv = arguments(options, life_line);
    const std::vector<std::string> environment = process::own_environment();
    process::SpawnOptions spawn;
    spawn.argv = argv;
    spawn.environment = environment;
    spawn.stdin_fd = null.get();
    spawn.stdout_fd = log.get();
    spawn.stderr_fd = log.get();
    spawn.keep_fds = {life_line};
    // It must outlive us for as long as its workers need to retire.
    spawn.die_with_parent = false;
    auto started = process::spawn(spawn);
    if (const auto* failure = std::get_if<process::SpawnFailure>(&started)) {
        throw base::ConfigError("starting the scaler: " + failure->message);
    }
    return std::get<process::Child>(std::move(started));
}

}  // namespace

std::string sibling_program(const std::string& name) {
    std::error_code error;
    const fs::path self = fs::read_symlink("/proc/self/exe", error);
    fs::path program = self.parent_path() / name;
    if (error || ::access(program.c_str(), X_OK) != 0) {
        throw base::ConfigError("the program " + program.string() + " is not there",
                                "fleet, scaler and worker belong into one folder");
    }
    return program.string();
}

ScalerProcess::ScalerProcess(const ScalerOptions& options)
    : log_(options.log), child_([this, &options] {
          LifeLine line = make_life_line();
          life_line_ = std::move(line.write_end);
          return start(options, line.read_end.get());
      }()) {}

ScalerProcess::~ScalerProcess() {
    if (!ended()) {
        child_.release();
    }
}

const std::optional<process::ExitStatus>& ScalerProcess::ended() {
    if (!ended_) {
        pollfd watched{.fd = child_.pidfd(), .events = POLLIN, .revents = 0};
        if (::poll(&watched, 1, 0) == 1) {
            ended_ = child_.finish();
        }
    }
    return ended_;
}

void ScalerProcess::retire() {
    if (!ended()) {
        child_.signal_group(SIGTERM);
    }
}

void ScalerProcess::kill() {
    if (!ended_) {
        child_.signal_group(SIGKILL);
        ended_ = child_.finish();
    }
}

std::vector<std::string> ScalerProcess::last_words(std::size_t lines) const {
    std::ifstream file(log_);
    file.seekg(0, std::ios::end);
    const std::streamoff size = file.tellg();
    file.seekg(std::max<std::streamoff>(0, size - kLastWordsBytes));
    std::deque<std::string> kept;
    for (std::string line; std::getline(file, line);) {
        kept.push_back(line);
        if (kept.size() > lines) {
            kept.pop_front();
        }
    }
    return {std::make_move_iterator(kept.begin()), std::make_move_iterator(kept.end())};
}

}  // namespace fleet::cli
