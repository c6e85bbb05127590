#include "cli/view/log_reader.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <sys/inotify.h>
#include <sys/stat.h>

#include "cli/view/log_place.hpp"
#include "common/base/errors.hpp"

namespace fleet::cli {

LogReader::LogReader(std::string path, std::optional<std::int64_t> offset)
    : path_(std::move(path)), position_(offset) {}

bool LogReader::open_file() {
    if (!fd_) {
        fd_ = base::UniqueFd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
        if (!fd_ && errno != ENOENT) {
            const int error = errno;
            throw base::Error(base::describe_errno("opening the log file " + path_, error),
                              "read it on the host that wrote it, as a user who may");
        }
    }
    return static_cast<bool>(fd_);
}

bool LogReader::find_begin() {
    if (position_) {
        return true;
    }
    std::string beginning(kHeaderSearch, '\0');
    const ssize_t count = ::pread(fd_.get(), beginning.data(), beginning.size(), 0);
    if (count <= 0) {
        return false;
    }
    beginning.resize(static_cast<std::size_t>(count));
    const std::int64_t length = header_length(beginning);
    // The worker writes the header at one go: a file that has bytes but no end of a header has
    // none.
    position_ = length;
    return true;
}

void LogReader::copy_new(std::ostream& out) {
    if (!open_file() || !find_begin()) {
        return;
    }
    std::array<char, 65536> bytes{};
    for (;;) {
        const ssize_t count = ::pread(fd_.get(), bytes.data(), bytes.size(), *position_);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            throw base::Error(base::describe_errno("reading the log file " + path_, errno));
        }
        if (count == 0) {
            break;
        }
        out.write(bytes.data(), count);
        *position_ += count;
    }
    out.flush();
}

bool LogReader::is_truncated() const {
    struct stat info {};
    return fd_ && position_ && ::fstat(fd_.get(), &info) == 0 && info.st_size < *position_;
}

GrowthWatch::GrowthWatch() : fd_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {}

bool GrowthWatch::add(const std::string& path) {
    // Without inotify (its instances are limited a user) the reader still looks once in a while.
    return fd_ && ::inotify_add_watch(fd_.get(), path.c_str(), IN_MODIFY) >= 0;
}

void GrowthWatch::drain() {
    std::array<char, 4096> events{};
    while (fd_ && ::read(fd_.get(), events.data(), events.size()) > 0) {
    }
}

}  // namespace fleet::cli
