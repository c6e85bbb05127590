#include "machines/agents/command_run.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <utility>
#include <variant>

#include <climits>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "common/base/errors.hpp"
#include "common/base/fd.hpp"
#include "common/process/memory_file.hpp"
#include "common/process/spawn.hpp"

namespace fleet::agents {
namespace {

constexpr std::size_t kTailBytes = 4'096;
constexpr std::size_t kChunkBytes = 65'536;

struct Pipe {
    base::UniqueFd read_end;
    base::UniqueFd write_end;

    Pipe() {
        std::array<int, 2> ends{-1, -1};
        if (::pipe2(ends.data(), O_CLOEXEC) == 0) {
            read_end = base::UniqueFd(ends[0]);
            write_end = base::UniqueFd(ends[1]);
            ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
        }
    }
};

CommandEnd not_started(std::string why, bool is_transient) {
    CommandEnd end;
    end.how = CommandEnd::How::not_started;
    end.error_tail = std::move(why);
    end.is_transient = is_transient;
    return end;
}

/// Watches one child until it has ended, or has to be ended.
class Watch {
  public:
    Watch(const CommandRun& run, const base::Clock& clock, const process::Child& child,
          const base::UniqueFd& stop)
        : run_(run), clock_(clock), child_(child), stop_(stop) {}

    /// False: it was stopped.
    bool until_end(const Pipe& output, const Pipe& errors, CommandEnd& end) {
        const base::BootTime deadline = clock_.boot_now() + run_.timeout;
        for (;;) {
            std::array<pollfd, 4> polled{{{stop_.get(), POLLIN, 0},
                                          {child_.pidfd(), POLLIN, 0},
                                          {has_output_ ? output.read_end.get() : -1, POLLIN, 0},
                                          {has_errors_ ? errors.read_end.get() : -1, POLLIN, 0}}};
            const auto left = std::chrono::ceil<base::Millis>(deadline - clock_.boot_now()).count();
            if (left <= 0) {
                end.how = CommandEnd::How::timeout;
                return true;
            }
            ::poll(polled.data(), polled.size(),
                   static_cast<int>(std::min<base::Millis::rep>(left, INT_MAX)));
            if (polled[0].revents != 0) {
                return false;
            }
            take(output, errors, end);
            if (end.how == CommandEnd::How::too_large || polled[1].revents != 0) {
                return true;
            }
        }
    }

    /// Whatever is there, without waiting for more.
    void take(const Pipe& output, const Pipe& errors, CommandEnd& end) {
        has_output_ = has_output_ && read_all(output, end.output, [&] {
                          const bool fits = end.output.size() <= run_.max_output_bytes;
                          end.how = fits ? end.how : CommandEnd::How::too_large;
                          return fits;
                      });
        has_errors_ = has_errors_ && read_all(errors, end.error_tail, [&] {
                          if (end.error_tail.size() > 2 * kTailBytes) {
                              end.error_tail.erase(0, end.error_tail.size() - kTailBytes);
                          }
                          return true;
                      });
    }

  private:
    /// False at its end.
    template <typename Check>
    static bool read_all(const Pipe& pipe, std::string& to, Check&& check) {
        std::array<char, kChunkBytes> chunk;
        for (;;) {
            const ssize_t count = ::read(pipe.read_end.get(), chunk.data(), chunk.size());
            if (count < 0 && errno == EINTR) {
                continue;
            }
            if (count <= 0) {
                return count < 0 && errno == EAGAIN;
            }
            to.append(chunk.data(), static_cast<std::size_t>(count));
            if (!std::forward<Check>(check)()) {
                return false;
            }
        }
    }

    const CommandRun& run_;
    const base::Clock& clock_;
    const process::Child& child_;
    const base::UniqueFd& stop_;
    bool has_output_ = true;
    bool has_errors_ = true;
};

}  // namespace

CommandEnd run_command(const CommandRun& run, const base::Clock& clock,
                       const std::stop_token& stop) {
    const base::UniqueFd input = process::memory_file(run.input);
    Pipe output;
    Pipe errors;
    const base::UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!input || !output.write_end || !errors.write_end || !wake) {
        return not_started(base::describe_errno("making the pipes of " + run.argv.front(), errno),
                           true);
    }
    const std::stop_callback raise(stop, [&] { ::eventfd_write(wake.get(), 1); });
    auto spawned = process::spawn({.argv = run.argv,
                                   .directory = run.directory,
                                   .environment = run.environment,
                                   .stdin_fd = input.get(),
                                   .stdout_fd = output.write_end.get(),
                                   .stderr_fd = errors.write_end.get()});
    if (auto* const failed = std::get_if<process::SpawnFailure>(&spawned)) {
        return not_started(std::move(failed->message), failed->transient);
    }
    auto& child = std::get<process::Child>(spawned);
    output.write_end.reset();
    errors.write_end.reset();
    CommandEnd end;
    Watch watch(run, clock, child, wake);
    const bool has_ended = watch.until_end(output, errors, end);
    if (!has_ended || end.how != CommandEnd::How::by_itself) {
        child.signal_group(SIGKILL);
    }
    end.status = child.finish();
    if (!has_ended) {
        throw base::Cancelled("running " + run.argv.front() + ": stopped");
    }
    watch.take(output, errors, end);
    if (end.error_tail.size() > kTailBytes) {
        end.error_tail.erase(0, end.error_tail.size() - kTailBytes);
    }
    return end;
}

}  // namespace fleet::agents
