#include "tests/conformance/options.hpp"

#include <algorithm>
#include <charconv>
#include <thread>

#include "common/base/errors.hpp"

namespace fleet::conformance {
namespace {

std::size_t count_of(const std::string& option, const std::string& text) {
    std::size_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || end != text.data() + text.size() || count == 0) {
        throw base::ConfigError(option + " needs a number from 1, not `" + text + "`");
    }
    return count;
}

bool* flag_of(Options& options, const std::string& argument) {
    if (argument == "--resume-everywhere") {
        return &options.resume_everywhere;
    }
    if (argument == "--distributed") {
        return &options.distributed;
    }
    return argument == "--kill" ? &options.crowd.kills : nullptr;
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
        if (bool* const flag = flag_of(options, argument)) {
            *flag = true;
            continue;
        }
        const bool takes_value = argument == "--report" || argument == "--only" ||
                                 argument == "--tag" || argument == "--jobs" ||
                                 argument == "--workers" || argument == "--known-failure";
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
            options.jobs = count_of(argument, argv[i]);
        } else if (argument == "--workers") {
            options.crowd.workers = count_of(argument, argv[i]);
        } else if (argument == "--known-failure") {
            options.known_failures.emplace_back(argv[i]);
        } else {
            (argument == "--only" ? options.only : options.tags).emplace_back(argv[i]);
        }
    }
    if (options.folders.empty()) {
        throw base::ConfigError("no folder given");
    }
    if (options.distributed && options.resume_everywhere) {
        throw base::ConfigError("--distributed and --resume-everywhere are two runs");
    }
    if (options.crowd.kills && !options.distributed) {
        throw base::ConfigError("--kill needs --distributed");
    }
    if (options.distributed && options.crowd.workers < 2) {
        throw base::ConfigError("--workers must be at least 2: children run elsewhere");
    }
    return options;
}

}  // namespace fleet::conformance
