#include "tests/conformance/options.hpp"

#include <algorithm>
#include <charconv>
#include <thread>

#include "common/base/errors.hpp"

namespace fleet::conformance {
namespace {

std::size_t count_of(const std::string& text) {
    std::size_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || end != text.data() + text.size() || count == 0) {
        throw base::ConfigError("--jobs needs a number from 1, not `" + text + "`");
    }
    return count;
}

}  // namespace

bool Options::select(const std::string& id, const std::vector<std::string>& of) const {
    const bool named = only.empty() || std::ranges::find(only, id) != only.end();
    const bool tagged = tags.empty() || std::ranges::any_of(of, [&](const std::string& tag) {
                            return std::ranges::find(tags, tag) != tags.end();
                        });
    return named && tagged;
}

Options read_options(int argc, char** argv) {
    Options options;
    options.jobs = std::max(1U, std::thread::hardware_concurrency());
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        if (argument == "--resume-everywhere") {
            options.resume_everywhere = true;
            continue;
        }
        const bool takes_value = argument == "--report" || argument == "--only" ||
                                 argument == "--tag" || argument == "--jobs" ||
                                 argument == "--known-failure";
        if (!takes_value) {
            if (argument.starts_with("-")) {
                throw base::ConfigError("unknown option " + argument);
            }
            if (!std::filesystem::is_directory(argument)) {
                throw base::ConfigError(argument + " is no folder");
            }
            options.folders.emplace_back(argument);
            continue;
        }
        if (++i == argc) {
            throw base::ConfigError(argument + " needs a value");
        }
        if (argument == "--report") {
            options.report = argv[i];
        } else if (argument == "--jobs") {
            options.jobs = count_of(argv[i]);
        } else if (argument == "--known-failure") {
            options.known_failures.emplace_back(argv[i]);
        } else {
            (argument == "--only" ? options.only : options.tags).emplace_back(argv[i]);
        }
    }
    if (options.folders.empty()) {
        throw base::ConfigError("no folder given");
    }
    return options;
}

}  // namespace fleet::conformance
