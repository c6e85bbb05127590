#include "common/process/proc.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <unistd.h>

#include "common/base/fd.hpp"

namespace fleet::process {
namespace {

template <typename Number>
bool read_number(std::string_view text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

}  // namespace

std::optional<ProcStat> parse_proc_stat(std::string_view text) {
    ProcStat stat;
    const std::size_t open = text.find(" (");
    // The name is whatever stands up to the last parenthesis.
    const std::size_t close = text.rfind(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open ||
        !read_number(text.substr(0, open), stat.pid)) {
        return std::nullopt;
    }
    text.remove_prefix(close + 1);
    bool complete = false;
    for (int field = 3; field <= 22 && text.starts_with(' '); ++field) {
        text.remove_prefix(1);
        const std::string_view value = text.substr(0, text.find_first_of(" \n"));
        bool good = true;
        switch (field) {
            case 3:
                good = value.size() == 1;
                stat.state = good ? value.front() : '?';
                break;
            case 4:
                good = read_number(value, stat.parent);
                break;
            case 5:
                good = read_number(value, stat.group);
                break;
            case 6:
                good = read_number(value, stat.session);
                break;
            case 22:
                good = complete = read_number(value, stat.start_ticks);
                break;
            default:
                break;
        }
        if (!good) {
            return std::nullopt;
        }
        text.remove_prefix(value.size());
    }
    return complete ? std::optional(stat) : std::nullopt;
}

std::optional<std::string> read_small_file(const std::string& path) {
    const base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) {
        return std::nullopt;
    }
    std::string text;
    std::array<char, 4096> buffer;
    for (;;) {
        const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return std::nullopt;
        }
        if (count == 0) {
            return text;
        }
        text.append(buffer.data(), static_cast<std::size_t>(count));
    }
}

std::optional<ProcStat> read_proc_stat(pid_t pid) {
    const auto text = read_small_file("/proc/" + std::to_string(pid) + "/stat");
    return text ? parse_proc_stat(*text) : std::nullopt;
}

std::string read_environ(pid_t pid) {
    return read_small_file("/proc/" + std::to_string(pid) + "/environ").value_or("");
}

bool has_variable(std::string_view environ_text, std::string_view name_and_value) {
    while (!environ_text.empty()) {
        const std::string_view member = environ_text.substr(0, environ_text.find('\0'));
        if (member == name_and_value) {
            return true;
        }
        environ_text.remove_prefix(std::min(member.size() + 1, environ_text.size()));
    }
    return false;
}

std::vector<pid_t> all_pids() {
    std::vector<pid_t> pids;
    const std::unique_ptr<DIR, CloseDirectory> folder(::opendir("/proc"));
    if (!folder) {
        return pids;
    }
    while (const dirent* entry = ::readdir(folder.get())) {
        pid_t pid = 0;
        if (read_number(std::string_view(entry->d_name), pid)) {
            pids.push_back(pid);
        }
    }
    return pids;
}

}  // namespace fleet::process
