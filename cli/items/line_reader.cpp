#include "cli/items/line_reader.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include "common/base/errors.hpp"

namespace fleet::cli {
namespace {

constexpr std::size_t kBlock = 256U << 10U;

}  // namespace

LineReader::LineReader(int fd, std::string name, std::size_t longest_line, int stop_fd)
    : fd_(fd), name_(std::move(name)), longest_line_(longest_line), stop_fd_(stop_fd) {}

void LineReader::wait_for_input() const {
    if (stop_fd_ < 0) {
        return;
    }
    std::array<pollfd, 2> watched{{{fd_, POLLIN, 0}, {stop_fd_, POLLIN, 0}}};
    while (::poll(watched.data(), watched.size(), -1) < 0 && errno == EINTR) {
    }
    if (watched[1].revents != 0) {
        throw base::Cancelled("reading " + name_ + " was interrupted");
    }
}

bool LineReader::fill() {
    if (begin_ > 0 && begin_ == end_) {
        begin_ = scanned_ = end_ = 0;
    }
    if (buffer_.size() - end_ < kBlock && begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        scanned_ -= begin_;
        end_ -= begin_;
        begin_ = 0;
    }
    if (buffer_.size() - end_ < kBlock) {
        buffer_.resize(std::max(end_ + kBlock, buffer_.size() * 2));
    }
    for (;;) {
        wait_for_input();
        const ssize_t count = ::read(fd_, buffer_.data() + end_, kBlock);
        if (count > 0) {
            end_ += static_cast<std::size_t>(count);
            return true;
        }
        if (count == 0) {
            return false;
        }
        if (errno != EINTR) {
            throw base::ConfigError(base::describe_errno("reading " + name_, errno));
        }
    }
}

void LineReader::refuse_length() const {
    throw base::ConfigError(
        name_ + " line " + std::to_string(number_) + ": longer than " +
            std::to_string(longest_line_) + " bytes",
        "is this a file of lines? Large inputs belong in files that the items name");
}

std::optional<std::string_view> LineReader::next() {
    for (;;) {
        const void* found = end_ > scanned_
                                ? std::memchr(buffer_.data() + scanned_, '\n', end_ - scanned_)
                                : nullptr;
        if (found != nullptr) {
            const auto at =
                static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data());
            const std::string_view line(buffer_.data() + begin_, at - begin_);
            begin_ = scanned_ = at + 1;
            ++number_;
            if (line.size() > longest_line_) {
                refuse_length();
            }
            return line;
        }
        scanned_ = end_;
        if (end_ - begin_ > longest_line_) {
            ++number_;
            refuse_length();
        }
        if (!at_end_ && fill()) {
            continue;
        }
        at_end_ = true;
        if (begin_ == end_) {
            return std::nullopt;
        }
        const std::string_view line(buffer_.data() + begin_, end_ - begin_);
        begin_ = scanned_ = end_;
        ++number_;
        return line;
    }
}

}  // namespace fleet::cli
