#include "machines/calls/hook_child.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include "common/base/errors.hpp"
#include "common/process/utf8.hpp"
#include "machines/calls/hook_protocol.hpp"

namespace fleet::calls {
namespace {

constexpr std::size_t kExcerptBytes = 2048;
constexpr std::size_t kChunkBytes = std::size_t{64} << 10U;
/// As much as a pipe holds, so that one look reads all that a dead command has left.
constexpr int kChunksAtOnce = 16;
constexpr int kPipeBytes = 1 << 20;
/// A buffer that one large message made larger is given back.
constexpr std::size_t kKeptBytes = std::size_t{4} << 20U;
/// At most so long between looks at the pipes of a command that is ending.
constexpr base::Millis kEndPoll{50};

struct Pipe {
    base::UniqueFd read_end;
    base::UniqueFd write_end;
};

/// Throws StoreError internal.
Pipe make_pipe() {
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw base::StoreError(base::StoreError::Kind::internal,
                               base::describe_errno("making a pipe for a hook", errno));
    }
    // Larger messages at once; the default does where the system allows no more.
    ::fcntl(ends[1], F_SETPIPE_SZ, kPipeBytes);
    return {base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
}

void make_nonblocking(const base::UniqueFd& fd) {
    ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

/// Appends what is there; false when there will never be more.
template <typename Take>
bool drain(const base::UniqueFd& fd, Take&& take) {
    std::array<char, kChunkBytes> chunk;
    for (int i = 0; i < kChunksAtOnce; ++i) {
        const ssize_t count = ::read(fd.get(), chunk.data(), chunk.size());
        if (count > 0) {
            take(std::string_view(chunk.data(), static_cast<std::size_t>(count)));
        } else if (count == 0) {
            return false;
        } else if (errno != EINTR) {
            return errno == EAGAIN;
        }
    }
    return true;
}

}  // namespace

void HookErrorOutput::set_path(const std::string& path) {
    if (path == path_) {
        return;
    }
    path_ = path;
    file_.reset();
}

void HookErrorOutput::add(std::string_view bytes) {
    last_.append(bytes);
    if (last_.size() > 2 * kExcerptBytes) {
        last_.erase(0, last_.size() - kExcerptBytes);
    }
    if (!file_ && !path_.empty()) {
        file_ = base::UniqueFd(
            ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR));
    }
    while (file_ && !bytes.empty()) {
        const ssize_t count = ::write(file_.get(), bytes.data(), bytes.size());
        if (count < 0 && errno != EINTR) {
            return;
        }
        bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    }
}

std::string HookErrorOutput::excerpt() const {
    std::string_view text = last_;
    while (text.ends_with('\n')) {
        text.remove_suffix(1);
    }
    return process::to_utf8(process::utf8_suffix(text, kExcerptBytes)).text;
}

HookChild::HookChild(process::Child child, base::UniqueFd in, base::UniqueFd out,
                     base::UniqueFd err)
    : child_(std::move(child)),
      stdin_(std::move(in)),
      stdout_(std::move(out)),
      stderr_(std::move(err)) {
    make_nonblocking(stdin_);
    make_nonblocking(stdout_);
    make_nonblocking(stderr_);
}

std::variant<HookChild, process::SpawnFailure> HookChild::start(const Start& start) {
    Pipe in = make_pipe();
    Pipe out = make_pipe();
    Pipe err = make_pipe();
    auto spawned = process::spawn({.argv = start.argv,
                                   .directory = start.directory,
                                   .environment = start.environment,
                                   .more_environment = {},
                                   .stdin_fd = in.read_end.get(),
                                   .stdout_fd = out.write_end.get(),
                                   .stderr_fd = err.write_end.get(),
                                   .keep_fds = {},
                                   .die_with_parent = true,
                                   .new_group = true});
    if (auto* failed = std::get_if<process::SpawnFailure>(&spawned)) {
        return std::move(*failed);
    }
    return HookChild(std::move(std::get<process::Child>(spawned)), std::move(in.write_end),
                     std::move(out.read_end), std::move(err.read_end));
}

void HookChild::add_polled(std::vector<pollfd>& polled) const {
    polled.push_back({child_.pidfd(), POLLIN, 0});
    if (stdout_) {
        polled.push_back({stdout_.get(), POLLIN, 0});
    }
    if (stderr_) {
        polled.push_back({stderr_.get(), POLLIN, 0});
    }
    if (stdin_ && !pending_.empty()) {
        polled.push_back({stdin_.get(), POLLOUT, 0});
    }
}

void HookChild::send(std::string line) {
    if (pending_.empty()) {
        pending_ = std::move(line);
    } else {
        pending_ += line;
    }
}

void HookChild::write_pending() {
    while (stdin_ && written_ < pending_.size()) {
        const ssize_t count =
            ::write(stdin_.get(), pending_.data() + written_, pending_.size() - written_);
        if (count >= 0) {
            written_ += static_cast<std::size_t>(count);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR) {
            stdin_.reset();  // it reads no more: how it ends, or its silence, tells the rest
        }
    }
    pending_.clear();
    if (pending_.capacity() > kKeptBytes) {
        pending_.shrink_to_fit();
    }
    written_ = 0;
}

void HookChild::read_available(HookErrorOutput& errors) {
    if (stderr_ && !drain(stderr_, [&](std::string_view bytes) { errors.add(bytes); })) {
        stderr_.reset();
    }
    if (stdout_ && !drain(stdout_, [&](std::string_view bytes) { input_.append(bytes); })) {
        stdout_.reset();
    }
}

std::optional<std::string_view> HookChild::next_line() {
    const std::size_t end = input_.find('\n', searched_);
    if (end == std::string::npos) {
        input_.erase(0, consumed_);
        if (input_.empty() && input_.capacity() > kKeptBytes) {
            input_.shrink_to_fit();
        }
        consumed_ = 0;
        searched_ = input_.size();
        return std::nullopt;
    }
    std::string_view line = std::string_view(input_).substr(consumed_, end - consumed_);
    consumed_ = searched_ = end + 1;
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    return line;
}

std::string_view HookChild::unfinished_line() const {
    return std::string_view(input_).substr(consumed_);
}

bool HookChild::has_exited() const {
    pollfd ended{child_.pidfd(), POLLIN, 0};
    return ::poll(&ended, 1, 0) > 0;
}

process::ExitStatus HookChild::kill() {
    child_.signal_group(SIGKILL);
    return child_.finish();
}

bool HookChild::wait_for_exit(const base::Clock& clock, base::Millis limit,
                              HookErrorOutput& errors) {
    const base::BootTime end = clock.boot_now() + limit;
    for (;;) {
        // Its last words must not keep it from ending.
        read_available(errors);
        input_.clear();
        consumed_ = searched_ = 0;
        const base::BootTime next = std::min(end, clock.boot_now() + kEndPoll);
        if (child_.wait(clock, next, -1) == process::Child::Wait::exited) {
            read_available(errors);
            return true;
        }
        if (clock.boot_now() >= end) {
            return false;
        }
    }
}

process::ExitStatus HookChild::end(const base::Clock& clock, base::Millis grace,
                                   HookErrorOutput& errors) {
    stdin_.reset();
    if (!wait_for_exit(clock, grace, errors)) {
        child_.signal_group(SIGTERM);
        child_.signal_group(SIGCONT);  // a stopped process gets no SIGTERM
        wait_for_exit(clock, grace, errors);
    }
    return kill();
}

std::string describe(const process::ExitStatus& status) {
    if (status.signal) {
        return "was ended by signal " + std::to_string(*status.signal) + " (" +
               ::strsignal(*status.signal) + ")";
    }
    return status.exit_code ? "exited with code " + std::to_string(*status.exit_code)
                            : std::string("ended");
}

}  // namespace fleet::calls
