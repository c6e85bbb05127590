#include "cli/core/standard_output.hpp"

#include <cerrno>
#include <poll.h>
#include <unistd.h>

#include "cli/core/context.hpp"
#include "common/base/errors.hpp"

namespace fleet::cli {

DescriptorBuffer::DescriptorBuffer(int fd) : fd_(fd) {
    setp(buffer_.data(), buffer_.data() + buffer_.size());
}

void DescriptorBuffer::write_out() {
    const char* next = pbase();
    while (next < pptr() && !failed_) {
        const ssize_t written = ::write(fd_, next, static_cast<std::size_t>(pptr() - next));
        if (written >= 0) {
            next += written;
            continue;
        }
        const int error = errno;
        if (error == EAGAIN) {  // somebody made the terminal or the pipe non-blocking
            pollfd writable{fd_, POLLOUT, 0};
            ::poll(&writable, 1, -1);
        } else if (error != EINTR) {
            failed_ = true;
            setp(buffer_.data(), buffer_.data() + buffer_.size());
            if (error == EPIPE) {
                throw OutputClosed{};
            }
            throw base::Error(base::describe_errno("writing standard output", error),
                              error == ENOSPC ? "free some space on that disk" : "");
        }
    }
    setp(buffer_.data(), buffer_.data() + buffer_.size());
}

DescriptorBuffer::int_type DescriptorBuffer::overflow(int_type character) {
    write_out();
    if (!traits_type::eq_int_type(character, traits_type::eof())) {
        *pptr() = traits_type::to_char_type(character);
        pbump(1);
    }
    return traits_type::not_eof(character);
}

int DescriptorBuffer::sync() {
    write_out();
    return 0;
}

StandardOutput::StandardOutput(int fd) : std::ostream(nullptr), buffer_(fd) {
    rdbuf(&buffer_);
    exceptions(std::ios::badbit);
}

}  // namespace fleet::cli
