#include "bench/support/start_marks.hpp"

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <stdexcept>
#include <unistd.h>

#include <sys/stat.h>
#include <system_error>

namespace fleet::bench {

StartMarks::StartMarks(const std::filesystem::path& file) : file_(file) {
    if (::mkfifo(file.c_str(), 0600) != 0) {
        throw std::system_error(errno, std::generic_category(), "making " + file.string());
    }
    fifo_ = base::UniqueFd(::open(file.c_str(), O_RDWR | O_CLOEXEC));
    if (!fifo_) {
        throw std::system_error(errno, std::generic_category(), "opening " + file.string());
    }
}

std::optional<StartMark> StartMarks::wait(std::chrono::milliseconds limit) {
    pollfd watched{fifo_.get(), POLLIN, 0};
    int ready = 0;
    while ((ready = ::poll(&watched, 1, static_cast<int>(limit.count()))) < 0 && errno == EINTR) {
    }
    StartMark mark;
    if (ready <= 0 ||
        ::read(fifo_.get(), &mark, sizeof mark) != static_cast<ssize_t>(sizeof mark)) {
        return std::nullopt;
    }
    return mark;
}

StartMark StartMarks::next(const std::string& what, std::chrono::milliseconds limit) {
    const auto mark = wait(limit);
    if (!mark) {
        throw std::runtime_error(what + " did not start within " +
                                 std::to_string(limit.count() / 1000) + " s");
    }
    return *mark;
}

StartMark StartMarks::next_attempt(bool first, const std::string& what) {
    while (true) {
        const StartMark mark = next(what);
        if ((mark.attempt <= 1) == first) {
            return mark;
        }
    }
}

}  // namespace fleet::bench
