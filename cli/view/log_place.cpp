#include "cli/view/log_place.hpp"

#include <system_error>

#include "common/process/log_files.hpp"

namespace fleet::cli {
namespace {

/// As common/process/log_files.hpp: earlier files of the same attempt number are stepped over.
constexpr int kMaxNames = 100;

bool is_file(const std::string& path) {
    std::error_code ignored;  // what cannot be looked at is not there for us
    return std::filesystem::is_regular_file(path, ignored);
}

}  // namespace

std::optional<LogPlace> locate_logs(const std::filesystem::path& data_folder,
                                    const model::Execution& execution,
                                    const std::vector<model::Attempt>& attempts, int number) {
    for (const model::Attempt& attempt : attempts) {
        if (attempt.number == number &&
            !(attempt.stdout_path.empty() && attempt.stderr_path.empty())) {
            return LogPlace{attempt.stdout_path, attempt.stderr_path, attempt.stdout_offset};
        }
    }
    if (data_folder.empty() || number <= 0) {
        return std::nullopt;
    }
    const std::string id = execution.id.text();
    const std::string folder = (data_folder / "logs").string() + "/" +
                               process::log_subfolder(execution.batch, execution.id) + "/";
    const std::string stem = folder + id + "." + std::to_string(number);
    std::optional<LogPlace> newest;
    for (int name = 1; name <= kMaxNames; ++name) {
        const std::string tried = name == 1 ? stem : stem + "." + std::to_string(name);
        if (!is_file(tried + ".stdout.txt")) {
            break;
        }
        newest = LogPlace{tried + ".stdout.txt", tried + ".stderr.txt", std::nullopt};
    }
    if (!newest && is_file(stem + ".stderr.txt")) {
        return LogPlace{{}, stem + ".stderr.txt", 0};  // what the hooks of a machine write
    }
    return newest;
}

std::int64_t header_length(const std::string& beginning) {
    constexpr std::string_view kEnd = "\n---\n";
    if (!beginning.starts_with("store: ")) {
        return 0;
    }
    const std::size_t end = beginning.find(kEnd);
    return end == std::string::npos ? 0 : static_cast<std::int64_t>(end + kEnd.size());
}

}  // namespace fleet::cli
