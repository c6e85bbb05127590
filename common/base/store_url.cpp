#include "common/base/store_url.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <vector>

#include <system_error>

#include "common/base/errors.hpp"
#include "common/base/nearest.hpp"

namespace fleet::base {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolderName = ".fleet";
constexpr const char* kFileName = "fleet.db";
constexpr const char* kAdvice = "write sqlite:PATH (or just the path) or memory:";
/// Stores that Flatfleet has a place for, but that this program was built without.
constexpr std::array<std::string_view, 6> kNotBuilt{"tcp",      "ipc",   "postgresql",
                                                    "postgres", "redis", "rediss"};

[[noreturn]] void refuse(const std::string& what, const std::string& advice) {
    throw ConfigError("store URL: " + what, advice);
}

std::string did_you_mean(std::string_view typed, const std::vector<std::string>& known) {
    const auto nearest = nearest_name(typed, known);
    return nearest ? "did you mean \"" + *nearest + "\"? " : std::string();
}

/// The scheme in front of the first colon; nullopt for a bare path.
std::optional<std::string> scheme_of(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0) {
        return std::nullopt;
    }
    std::string scheme;
    for (const char character : text.substr(0, colon)) {
        const auto byte = static_cast<unsigned char>(character);
        if (std::isalnum(byte) == 0 && character != '+' && character != '-' && character != '.') {
            return std::nullopt;
        }
        scheme.push_back(static_cast<char>(std::tolower(byte)));
    }
    return scheme;
}

int hex_value(char digit) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto at =
        kDigits.find(static_cast<char>(std::tolower(static_cast<unsigned char>(digit))));
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

/// "%41" is "A"; a percent sign that is not followed by two digits stays as it is.
std::string percent_decoded(std::string_view text) {
    std::string decoded;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const int high = text[at] == '%' && at + 2 < text.size() ? hex_value(text[at + 1]) : -1;
        const int low = high >= 0 ? hex_value(text[at + 2]) : -1;
        if (low >= 0) {
            decoded.push_back(static_cast<char>(high * 16 + low));
            at += 2;
        } else {
            decoded.push_back(text[at]);
        }
    }
    return decoded;
}

/// Only what would be read as something else when the text is parsed again.
std::string percent_encoded(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string encoded;
    for (const char character : text) {
        const auto byte = static_cast<unsigned char>(character);
        if (character == '%' || character == '?' || byte < 0x20 || byte == 0x7F) {
            encoded.push_back('%');
            encoded.push_back(kDigits[byte >> 4U]);
            encoded.push_back(kDigits[byte & 0x0FU]);
        } else {
            encoded.push_back(character);
        }
    }
    return encoded;
}

void check_option(const std::string& scheme, const std::string& name, const std::string& value) {
    const std::vector<std::string> known =
        scheme == "sqlite" ? std::vector<std::string>{"durability"} : std::vector<std::string>{};
    if (std::find(known.begin(), known.end(), name) == known.end()) {
        refuse("unknown option \"" + name + "\" for " + scheme + ":",
               known.empty() ? scheme + ": takes no options"
                             : did_you_mean(name, known) + "known is durability=normal|full");
    }
    const std::vector<std::string> levels{"normal", "full"};
    if (std::find(levels.begin(), levels.end(), value) == levels.end()) {
        refuse("durability=\"" + value + "\" is not a durability",
               did_you_mean(value, levels) + "known are normal and full");
    }
}

std::map<std::string, std::string> parse_options(const std::string& scheme, std::string_view text) {
    std::map<std::string, std::string> options;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('&'), text.size());
        const std::string_view pair = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (pair.empty()) {
            continue;
        }
        const std::size_t equals = pair.find('=');
        const std::string name(pair.substr(0, equals));
        const std::string value(equals == std::string_view::npos ? std::string_view()
                                                                 : pair.substr(equals + 1));
        check_option(scheme, name, value);
        if (!options.emplace(name, value).second) {
            refuse("option \"" + name + "\" is given twice", "give it once");
        }
    }
    return options;
}

std::string absolute_file(std::string_view text, const fs::path& directory) {
    if (text.empty()) {
        refuse("the path is empty", kAdvice);
    }
    if (text.find('\0') != std::string_view::npos) {
        refuse("the path contains a zero byte", kAdvice);
    }
    const fs::path base = directory.is_absolute() ? directory : fs::absolute(directory);
    const fs::path path = (base / fs::path(text)).lexically_normal();
    const std::string name = path.filename().string();
    if (name.empty() || name == "." || name == "..") {
        refuse("\"" + std::string(text) + "\" names a folder",
               "name the database file, for example " + (path / kFileName).string());
    }
    return path.string();
}

/// "sqlite:PATH" and "sqlite:///PATH".
std::string_view sqlite_path(std::string_view rest) {
    if (rest.substr(0, 2) != "//") {
        return rest;
    }
    rest.remove_prefix(2);
    if (!rest.empty() && rest.front() != '/') {
        refuse("sqlite://" + std::string(rest) + " names a host, but SQLite is a file",
               "write sqlite:PATH or sqlite:///ABSOLUTE/PATH");
    }
    return rest;
}

[[noreturn]] void refuse_scheme(const std::string& scheme) {
    // The rest of the text is not repeated: it may hold a password.
    if (std::find(kNotBuilt.begin(), kNotBuilt.end(), scheme) != kNotBuilt.end()) {
        refuse("this build does not have the store \"" + scheme + "\"", kAdvice);
    }
    std::vector<std::string> known{"sqlite", "memory"};
    known.insert(known.end(), kNotBuilt.begin(), kNotBuilt.end());
    refuse("unknown scheme \"" + scheme + "\"",
           did_you_mean(scheme, known) + kAdvice + "; a path with a colon begins with ./");
}

bool is_secret(std::string_view name) {
    constexpr std::array<std::string_view, 4> kMarks{"password", "key", "secret", "token"};
    return std::any_of(kMarks.begin(), kMarks.end(), [name](std::string_view mark) {
        return name.find(mark) != std::string_view::npos;
    });
}

/// "//user:password@host" without ":password".
std::string without_password(const std::string& path) {
    if (path.rfind("//", 0) != 0) {
        return path;
    }
    const std::size_t authority_end = std::min(path.find('/', 2), path.size());
    const std::size_t at = path.rfind('@', authority_end);
    const std::size_t colon = path.find(':', 2);
    if (at == std::string::npos || colon == std::string::npos || colon > at) {
        return path;
    }
    return path.substr(0, colon) + path.substr(at);
}

std::string joined(const StoreUrl& url, const std::string& path) {
    std::string text = url.scheme + ":" + percent_encoded(path);
    char separator = '?';
    for (const auto& [name, value] : url.options) {
        text.append(1, separator).append(name).append(1, '=').append(value);
        separator = '&';
    }
    return text;
}

}  // namespace

std::string StoreUrl::text() const {
    return joined(*this, path);
}

std::string StoreUrl::text_without_secrets() const {
    StoreUrl shown = *this;
    std::erase_if(shown.options, [](const auto& option) { return is_secret(option.first); });
    return joined(shown, without_password(path));
}

StoreUrl StoreUrl::parse(std::string_view text, const fs::path& directory) {
    if (text.empty()) {
        refuse("it is empty", kAdvice);
    }
    const std::optional<std::string> scheme = scheme_of(text);
    StoreUrl url;
    url.scheme = scheme.value_or("sqlite");
    if (url.scheme != "sqlite" && url.scheme != "memory") {
        refuse_scheme(url.scheme);
    }
    std::string_view rest = scheme ? text.substr(scheme->size() + 1) : text;
    const std::size_t question = rest.find('?');
    if (question != std::string_view::npos) {
        url.options = parse_options(url.scheme, rest.substr(question + 1));
        rest = rest.substr(0, question);
    }
    if (url.scheme == "memory") {
        if (!rest.empty() && rest != "//") {
            refuse("memory: takes no path, but got \"" + std::string(rest) + "\"", kAdvice);
        }
        return url;
    }
    // A bare path is taken as it is, a percent sign in it means itself.
    url.path = scheme ? absolute_file(percent_decoded(sqlite_path(rest)), directory)
                      : absolute_file(rest, directory);
    return url;
}

fs::path data_folder(const StoreUrl& url) {
    if (url.scheme != "sqlite") {
        return {};
    }
    const fs::path path(url.path);
    if (path.filename() == kFileName && path.parent_path().filename() == kFolderName) {
        return path.parent_path();
    }
    return fs::path(url.path + ".d");
}

StoreUrl default_store_url(const fs::path& directory, const std::string& environment_value) {
    if (!environment_value.empty()) {
        return StoreUrl::parse(environment_value, directory);
    }
    const fs::path start = fs::absolute(directory).lexically_normal();
    fs::path folder = start / kFolderName;
    for (fs::path here = start;; here = here.parent_path()) {
        std::error_code ignored;  // a folder that cannot be looked into holds no store for us
        if (fs::is_directory(here / kFolderName, ignored)) {
            folder = here / kFolderName;
            break;
        }
        if (here == here.parent_path()) {
            break;
        }
    }
    StoreUrl url;
    url.scheme = "sqlite";
    url.path = (folder / kFileName).string();
    return url;
}

}  // namespace fleet::base
