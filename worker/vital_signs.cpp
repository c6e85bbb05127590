#include "worker/vital_signs.hpp"

#include <charconv>
#include <filesystem>
#include <iterator>
#include <string>
#include <unistd.h>

#include <system_error>

#include "common/process/proc.hpp"

namespace fleet::worker {

std::int64_t own_rss_bytes() {
    // "size resident shared ...", in pages.
    const auto text = process::read_small_file("/proc/self/statm");
    const auto space = text ? text->find(' ') : std::string::npos;
    std::int64_t pages = 0;
    if (space != std::string::npos) {
        std::from_chars(text->data() + space + 1, text->data() + text->size(), pages);
    }
    return pages * ::sysconf(_SC_PAGESIZE);
}

int own_open_fds() {
    std::error_code error;
    const std::filesystem::directory_iterator begin("/proc/self/fd", error);
    if (error) {
        return 0;
    }
    int count = -1;  // one of them is this look itself
    for (auto at = begin; at != std::filesystem::directory_iterator(); at.increment(error)) {
        ++count;
        if (error) {
            break;
        }
    }
    return count;
}

}  // namespace fleet::worker
