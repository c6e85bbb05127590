#include "machines/agents/api_key.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <unistd.h>

#include <sys/stat.h>

#include "common/base/errors.hpp"
#include "common/base/fd.hpp"

namespace fleet::agents {
namespace {

constexpr std::size_t kMaxKeyBytes = 16'384;
constexpr mode_t kOthers = 077;

[[noreturn]] void refuse(std::string_view provider, const std::string& reason,
                         const std::string& advice) {
    throw base::ConfigError("the key for " + std::string(provider) + ": " + reason, advice);
}

/// Blanks and the line's end around it do not belong to it.
std::string checked(std::string_view provider, const std::string& where, std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) {
        refuse(provider, where + " is empty", "put the key there");
    }
    text = text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
    const bool is_plain =
        std::ranges::all_of(text, [](char one) { return one > ' ' && one != 0x7f; });
    if (!is_plain) {
        refuse(provider, where + " does not hold a key: it has blanks or control characters",
               "write the key alone, in one line");
    }
    return std::string(text);
}

std::string key_of_file(std::string_view provider, const std::string& file) {
    const std::string where = "the file " + file;
    const base::UniqueFd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!opened) {
        refuse(provider, base::describe_errno("opening " + file, errno),
               "check `api_key_file` and the file's owner");
    }
    struct stat facts {};
    if (::fstat(opened.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
        refuse(provider, where + " is no file", "check `api_key_file`");
    }
    if ((facts.st_mode & kOthers) != 0) {
        refuse(provider, where + " may be read by others than its owner", "chmod 600 " + file);
    }
    std::array<char, kMaxKeyBytes + 1> bytes;
    std::size_t size = 0;
    while (size < bytes.size()) {
        const ssize_t count = ::read(opened.get(), bytes.data() + size, bytes.size() - size);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            refuse(provider, base::describe_errno("reading " + file, errno), "");
        }
        if (count == 0) {
            return checked(provider, where, {bytes.data(), size});
        }
        size += static_cast<std::size_t>(count);
    }
    refuse(provider, where + " is too large for a key", "check `api_key_file`");
}

std::optional<std::string> variable_in(std::span<const std::string> environment,
                                       const std::string& name) {
    for (const std::string& one : environment) {
        if (one.size() > name.size() && one[name.size()] == '=' && one.starts_with(name)) {
            return one.substr(name.size() + 1);
        }
    }
    return std::nullopt;
}

}  // namespace

std::string read_key(const ProviderSettings& settings, std::string_view provider,
                     std::span<const std::string> environment) {
    if (settings.needs_key == false) {
        return {};
    }
    if (!settings.api_key_file.empty()) {
        return key_of_file(provider, settings.api_key_file);
    }
    const std::string& name = settings.api_key_env;
    const auto value = name.empty() ? std::nullopt : variable_in(environment, name);
    if (value && !value->empty()) {
        return checked(provider, "the variable " + name, *value);
    }
    if (settings.needs_key.value_or(false)) {
        refuse(provider, "the variable " + (name.empty() ? "for it" : name) + " is not set",
               "set it where the worker is started, or name a file with `api_key_file`");
    }
    return {};
}

std::string without_key(std::string text, std::string_view key) {
    constexpr std::size_t kShortest = 4;  // less is no key, and would be everywhere
    if (key.size() < kShortest) {
        return text;
    }
    for (std::size_t at = text.find(key); at != std::string::npos; at = text.find(key, at)) {
        text.replace(at, key.size(), "[key]");
    }
    return text;
}

}  // namespace fleet::agents
