#include "machines/calls/environment.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <optional>

#include "common/process/tree.hpp"

namespace fleet::calls {
namespace {

constexpr std::array<std::string_view, 8> kOurs{
    "FLEET_STORE", "FLEET_EXECUTION_ID", "FLEET_ATTEMPT",      "FLEET_FENCING_TOKEN",
    "FLEET_ITEM",  "FLEET_BATCH",        "FLEET_PROCESS_MARK", "FLEET_HOOK"};

using Variables = std::map<std::string, std::string, std::less<>>;

bool is_ours(std::string_view name) {
    return std::find(kOurs.begin(), kOurs.end(), name) != kOurs.end();
}

bool is_locale(std::string_view name) {
    return name == "LANG" || name == "LANGUAGE" || name.starts_with("LC_");
}

/// The setting that decides about characters, by POSIX's order.
std::string_view effective_locale(const Variables& variables) {
    for (const std::string_view name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const auto found = variables.find(name);
        if (found != variables.end() && !found->second.empty()) {
            return found->second;
        }
    }
    return {};
}

bool is_utf8(std::string_view locale) {
    std::string lower(locale);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char byte) { return static_cast<char>(std::tolower(byte)); });
    return lower.find("utf-8") != std::string::npos || lower.find("utf8") != std::string::npos;
}

/// Only what decides about characters: a program opens a file for every category whose locale is
/// not the built-in one, which costs a short command more than its start. The language of messages
/// and the order of names stay as they are.
void make_characters_utf8(Variables& variables) {
    const auto all = variables.find("LC_ALL");
    if (all != variables.end() && !all->second.empty()) {
        // It would win over LC_CTYPE; LANG says the same of the categories that are not named.
        const std::string locale = all->second;
        std::erase_if(variables, [](const auto& pair) { return is_locale(pair.first); });
        variables["LANG"] = locale;
    }
    variables["LC_CTYPE"] = "C.UTF-8";
}

}  // namespace

std::vector<std::string> command_environment(const EnvironmentRequest& request) {
    Variables variables;
    for (const std::string& variable : request.inherited) {
        const std::size_t equals = variable.find('=');
        if (equals != std::string::npos && equals > 0) {
            // The first of duplicates counts, as it does for getenv.
            variables.try_emplace(variable.substr(0, equals), variable.substr(equals + 1));
        }
    }
    const bool sets_locale = std::any_of(request.added.begin(), request.added.end(),
                                         [](const auto& pair) { return is_locale(pair.first); });
    if (!sets_locale && !is_utf8(effective_locale(variables))) {
        make_characters_utf8(variables);
    }
    variables["PYTHONUTF8"] = "1";
    variables["PYTHONIOENCODING"] = "utf-8";
    for (const auto& [name, value] : request.added) {
        variables[name] = value;
    }
    std::erase_if(variables, [](const auto& pair) { return is_ours(pair.first); });
    variables["FLEET_STORE"] = request.store_url;
    variables[process::kMarkVariable] = request.process_mark;

    std::vector<std::string> environment;
    environment.reserve(variables.size());
    for (const auto& [name, value] : variables) {
        environment.push_back(name + "=" + value);
    }
    return environment;
}

}  // namespace fleet::calls
