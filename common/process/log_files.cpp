#include "common/process/log_files.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <sys/stat.h>
#include <system_error>

#include "common/base/errors.hpp"
#include "common/model/json_writer.hpp"
#include "common/process/utf8.hpp"

namespace fleet::process {
namespace {

/// So many earlier files of one attempt number are stepped over.
constexpr int kMaxNames = 100;
/// Which byte of an id is the shard, and where it stands in the id's text.
constexpr std::size_t kShardByte = 14;
constexpr std::size_t kShardDigits = 32;

std::string json_array(std::span<const std::string> strings) {
    std::string json = "[";
    for (const std::string& text : strings) {
        if (json.size() > 1) {
            json += ',';
        }
        // Long texts are cut before they are escaped: an item may have megabytes.
        model::append_json_string(json, utf8_prefix(text, kHeaderArgvBytes));
        if (json.size() > kHeaderArgvBytes) {
            std::string cut{utf8_prefix(json, kHeaderArgvBytes)};
            return cut.append("... (cut)");
        }
    }
    return json += ']';
}

void append_line(std::string& text, std::string_view name, std::string_view value) {
    const std::size_t begin = text.append(name).append(": ").size();
    text.append(value);
    std::replace(text.begin() + static_cast<std::ptrdiff_t>(begin), text.end(), '\n', ' ');
    text += '\n';
}

/// 0, or errno.
int write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(fd, bytes.data(), bytes.size());
        if (count < 0 && errno != EINTR) {
            return errno;
        }
        bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    }
    return 0;
}

base::UniqueFd create(const std::string& path) {
    return base::UniqueFd(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644));
}

LogFailure failure(const std::string& doing, int error) {
    return {error, base::describe_errno(doing, error)};
}

/// Both files or the reason. EEXIST: this name was used before.
std::variant<LogFiles, LogFailure> create_pair(const std::string& stem) {
    LogFiles files{stem + ".stdout.txt", stem + ".stderr.txt", {}, {}, 0};
    files.stdout_fd = create(files.stdout_path);
    if (!files.stdout_fd) {
        return failure("creating the log file " + files.stdout_path, errno);
    }
    files.stderr_fd = create(files.stderr_path);
    if (!files.stderr_fd) {
        const int error = errno;
        ::unlink(files.stdout_path.c_str());
        return failure("creating the log file " + files.stderr_path, error);
    }
    return files;
}

std::size_t read_at(int fd, char* bytes, std::size_t size, std::int64_t offset) {
    std::size_t done = 0;
    while (done < size) {
        const ssize_t count =
            ::pread(fd, bytes + done, size - done, offset + static_cast<std::int64_t>(done));
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            throw base::StoreError(base::StoreError::Kind::unavailable,
                                   base::describe_errno("reading a log file", errno));
        }
        if (count == 0) {
            break;
        }
        done += static_cast<std::size_t>(count);
    }
    return done;
}

}  // namespace

std::string header_text(const LogHeader& header) {
    std::string text;
    text.reserve(512);
    append_line(text, "store", header.store);
    append_line(text, "execution", header.execution);
    append_line(text, "attempt", std::to_string(header.attempt));
    append_line(text, "host", header.host);
    append_line(text, "worker", header.worker);
    append_line(text, "argv", json_array(header.argv));
    append_line(text, "directory", header.directory);
    append_line(text, "started", base::iso8601(header.started_at));
    if (!header.note.empty()) {
        append_line(text, "note", header.note);
    }
    return text += "---\n";
}

std::string log_subfolder(const std::string& batch, const base::Uuid& execution) {
    // "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxSSxx"; a leading dot would hide the folder or, as "..",
    // leave the place.
    const bool named = !batch.empty() && batch.front() != '.';
    return (named ? batch : "_" + batch) + "/" + execution.text().substr(kShardDigits, 2);
}

LogFolder::LogFolder(const std::filesystem::path& data_folder)
    : root_((data_folder / "logs").string()) {}

bool LogFolder::is_known(const std::string& batch, std::size_t shard) {
    const std::scoped_lock lock(mutex_);
    const auto entry = known_.find(batch);
    return entry != known_.end() && entry->second.test(shard);
}

void LogFolder::remember(const std::string& batch, std::size_t shard) {
    const std::scoped_lock lock(mutex_);
    known_[batch].set(shard);
}

std::variant<LogFiles, LogFailure> LogFolder::open(const std::string& batch,
                                                   const base::Uuid& execution, int attempt,
                                                   std::string_view header) {
    const std::string id = execution.text();
    const std::size_t shard = execution.bytes[kShardByte];
    const std::string folder = root_ + "/" + log_subfolder(batch, execution);
    bool made = false;
    if (!is_known(batch, shard)) {
        std::error_code error;
        std::filesystem::create_directories(folder, error);
        if (error) {
            return failure("creating the log folder " + folder, error.value());
        }
        remember(batch, shard);
        made = true;
    }
    std::string stem = folder + "/" + id + "." + std::to_string(attempt);
    auto result = create_pair(stem);
    for (int n = 2; std::holds_alternative<LogFailure>(result) && n <= kMaxNames; ++n) {
        const int error = std::get<LogFailure>(result).error;
        std::error_code ignored;         // the next try names the file and the reason
        if (error == ENOENT && !made) {  // somebody tidied the folder away
            std::filesystem::create_directories(folder, ignored);
            made = true;
        } else if (error == EEXIST) {
            stem = folder + "/" + id + "." + std::to_string(attempt) + "." + std::to_string(n);
        } else {
            break;
        }
        result = create_pair(stem);
    }
    if (auto* files = std::get_if<LogFiles>(&result)) {
        if (const int error = write_all(files->stdout_fd.get(), header); error != 0) {
            return failure("writing the log file " + files->stdout_path, error);
        }
        files->stdout_offset = static_cast<std::int64_t>(header.size());
    }
    return result;
}

Tail read_tail(int fd, std::int64_t offset, std::size_t max_bytes) {
    struct stat info {};
    if (::fstat(fd, &info) < 0) {
        throw base::StoreError(base::StoreError::Kind::unavailable,
                               base::describe_errno("looking at a log file", errno));
    }
    Tail tail;
    tail.bytes = info.st_size - offset;
    if (tail.bytes < 0) {
        tail.truncated = true;
        tail.bytes = 0;
    }
    if (tail.bytes == 0) {
        return tail;
    }
    tail.cut = static_cast<std::uint64_t>(tail.bytes) > max_bytes;
    // One byte more shows the suffix that it is one, so that it begins at an edge.
    const std::size_t wanted = tail.cut ? max_bytes + 1 : static_cast<std::size_t>(tail.bytes);
    std::string bytes(wanted, '\0');
    bytes.resize(
        read_at(fd, bytes.data(), wanted, info.st_size - static_cast<std::int64_t>(wanted)));
    Utf8Text text = to_utf8(tail.cut ? utf8_suffix(bytes, max_bytes) : std::string_view(bytes));
    tail.text = std::move(text.text);
    tail.lossy = text.lossy;
    return tail;
}

Tail read_tail(const std::filesystem::path& file, std::int64_t offset, std::size_t max_bytes) {
    const base::UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) {
        throw base::StoreError(
            base::StoreError::Kind::unavailable,
            base::describe_errno("opening the log file " + file.string(), errno));
    }
    return read_tail(fd.get(), offset, max_bytes);
}

}  // namespace fleet::process
