#include "cli/items/spool_file.hpp"

#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <system_error>

#include "common/base/errors.hpp"

namespace fleet::cli {
namespace {

constexpr std::size_t kBufferBytes = 1U << 20U;

[[noreturn]] void fail(const std::string& doing, const std::filesystem::path& file) {
    const int error = errno;
    throw base::ConfigError(base::describe_errno(doing + " the spool file " + file.string(), error),
                            error == ENOSPC ? "make room on the disk; nothing was submitted" : "");
}

}  // namespace

SpoolWriter::SpoolWriter(std::filesystem::path file) : file_(std::move(file)) {
    std::error_code error;
    std::filesystem::create_directories(file_.parent_path(), error);
    if (error) {
        throw base::ConfigError("making the folder " + file_.parent_path().string() + ": " +
                                error.message());
    }
    partial_ = file_;
    partial_ += ".part";
    fd_ = base::UniqueFd(
        ::open(partial_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (!fd_) {
        fail("making", partial_);
    }
    buffer_.reserve(kBufferBytes);
}

SpoolWriter::~SpoolWriter() {
    if (fd_) {
        ::unlink(partial_.c_str());
    }
}

void SpoolWriter::add(std::int64_t line, std::string_view input) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, line).ptr;
    buffer_.append(digits, end);
    buffer_ += '\t';
    buffer_ += input;
    buffer_ += '\n';
    if (buffer_.size() >= kBufferBytes) {
        flush();
    }
}

void SpoolWriter::flush() {
    std::string_view rest = buffer_;
    while (!rest.empty()) {
        const ssize_t count = ::write(fd_.get(), rest.data(), rest.size());
        if (count < 0) {
            if (errno == EINTR) {
                continue;
            }
            fail("writing", partial_);
        }
        rest.remove_prefix(static_cast<std::size_t>(count));
    }
    buffer_.clear();
}

void SpoolWriter::finish() {
    flush();
    if (::fdatasync(fd_.get()) != 0) {
        fail("syncing", partial_);
    }
    if (::rename(partial_.c_str(), file_.c_str()) != 0) {
        fail("naming", file_);
    }
    fd_.reset();
}

}  // namespace fleet::cli
