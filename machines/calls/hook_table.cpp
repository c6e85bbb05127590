#include "machines/calls/hook_table.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "common/base/errors.hpp"
#include "machines/config/document.hpp"
#include "machines/config/fields.hpp"

namespace fleet::calls {
namespace {

using config::Fields;
using config::Findings;
using config::Member;
using config::Node;

constexpr std::array<std::string_view, 4> kBuiltIn{"distributed-worker", "logging", "metrics",
                                                   "webhook"};
constexpr std::array<std::string_view, 4> kCommandMembers{"command", "env", "cwd", "concurrent"};
constexpr std::array<std::string_view, 4> kEndpointMembers{"url", "headers", "api_key_env",
                                                           "api_key_file"};
constexpr double kLongestTimeoutS = 86'400;
constexpr double kShortestTimeoutS = 0.001;

std::string absolute_from(const std::filesystem::path& folder, const std::string& path) {
    return std::filesystem::absolute(folder / path).lexically_normal().string();
}

bool has_control(std::string_view text) {
    return std::ranges::any_of(text,
                               [](unsigned char byte) { return byte < 0x20 || byte == 0x7f; });
}

/// Names and texts of a mapping such as `env`; `what` is "a variable" or "a header".
std::vector<std::pair<std::string, std::string>> pairs_of(Fields& fields, std::string_view key,
                                                          std::string_view what,
                                                          std::string_view forbidden) {
    std::vector<std::pair<std::string, std::string>> pairs;
    const Node* const map = fields.get(key, Node::Kind::map);
    if (map == nullptr) {
        return pairs;
    }
    for (const Member& member : map->members) {
        const config::Place place{member.value.at, fields.path_of(key) + '.' + member.key};
        const auto text = config::name_text(member.value);
        if (!text) {
            fields.findings().refuse(
                place, "`" + member.key + "` is " + std::string(name_of(member.value.kind)),
                "write a text");
        } else if (member.key.empty() || has_control(member.key) || has_control(*text) ||
                   member.key.find_first_of(forbidden) != std::string::npos) {
            fields.findings().refuse(
                place, "`" + member.key + "` is no name and text of " + std::string(what),
                "leave out line breaks and special characters");
        } else {
            pairs.emplace_back(member.key, *text);
        }
    }
    return pairs;
}

base::Millis timeout_of(Fields& fields, base::Millis otherwise) {
    const auto seconds = fields.number("timeout", {kShortestTimeoutS, kLongestTimeoutS});
    return seconds ? base::Millis(std::llround(*seconds * 1000)) : otherwise;
}

CommandEntry command_of(Fields& fields, const std::filesystem::path& folder) {
    CommandEntry entry;
    entry.command = fields.texts("command").value_or(std::vector<std::string>{});
    const bool has_nul = std::ranges::any_of(entry.command, [](const std::string& argument) {
        return argument.find('\0') != std::string::npos;
    });
    if (entry.command.empty() || entry.command.front().empty() || has_nul) {
        fields.findings().refuse(fields.place_of_key("command"), "`command` names no program",
                                 "write [PROGRAM, ARGUMENT, ...]");
    } else if (entry.command.front().find('/') != std::string::npos) {
        entry.command.front() = absolute_from(folder, entry.command.front());
    }
    entry.env = pairs_of(fields, "env", "a variable", "=");
    entry.directory = absolute_from(folder, fields.text("cwd").value_or(""));
    entry.timeout = timeout_of(fields, entry.timeout);
    entry.concurrent = fields.boolean("concurrent");
    return entry;
}

EndpointEntry endpoint_of(Fields& fields, const std::filesystem::path& folder) {
    EndpointEntry entry;
    entry.url = fields.text("url").value_or("");
    if (!entry.url.starts_with("http://") && !entry.url.starts_with("https://")) {
        fields.findings().refuse(fields.place_of_key("url"), "`url` is no http or https URL",
                                 "write http://HOST/PATH or https://HOST/PATH");
    }
    entry.headers = pairs_of(fields, "headers", "a header", ": \t()<>@,;\\\"/[]?={}");
    entry.api_key_env = fields.text("api_key_env").value_or("");
    if (const auto file = fields.text("api_key_file")) {
        entry.api_key_file = absolute_from(folder, *file);
    }
    if (!entry.api_key_env.empty() && !entry.api_key_file.empty()) {
        fields.findings().refuse(fields.place_of_key("api_key_file"),
                                 "`api_key_env` and `api_key_file` are both given",
                                 "leave one of them out");
    }
    entry.timeout = timeout_of(fields, entry.timeout);
    return entry;
}

/// Members of the other kind of entry.
void refuse_members(Fields& fields, const std::array<std::string_view, 4>& members,
                    const std::string& needed) {
    for (const std::string_view member : members) {
        if (fields.get(member) != nullptr) {
            fields.findings().refuse(fields.place_of_key(member),
                                     "`" + std::string(member) + "` goes with `" + needed + "`",
                                     "leave it out, or `" + needed + "` in");
        }
    }
}

void read_entry(const Member& member, const std::string& path, const std::filesystem::path& folder,
                Findings& findings, HookTable& table) {
    const std::size_t before = findings.all().size();
    const std::string entry_path = path + '.' + member.key;
    if (std::ranges::find(kBuiltIn, member.key) != kBuiltIn.end()) {
        findings.refuse({member.at, entry_path},
                        "`" + member.key + "` is the name of built-in hooks",
                        "choose another name");
    }
    if (!member.value.is_map()) {
        findings.refuse({member.value.at, entry_path},
                        "`" + member.key + "` is " + std::string(name_of(member.value.kind)),
                        "write {command: [PROGRAM, ARGUMENT, ...]} or {url: URL}");
        return;
    }
    Fields fields(member.value, entry_path, findings);
    if (member.value.find("api_key") != nullptr) {
        static_cast<void>(fields.get("api_key"));
        findings.refuse(fields.place_of_key("api_key"),
                        "a key does not belong into a file of hooks",
                        "write `api_key_env: VARIABLE` or `api_key_file: FILE`");
    }
    const bool is_command = fields.get("command") != nullptr;
    const bool is_endpoint = fields.get("url") != nullptr;
    HookEntry entry;
    if (is_command == is_endpoint) {
        findings.refuse(fields.place(),
                        is_command ? "`" + member.key + "` has a `command` and a `url`"
                                   : "`" + member.key + "` has neither `command` nor `url`",
                        "write one of them");
        static_cast<void>(command_of(fields, folder));
        static_cast<void>(endpoint_of(fields, folder));
    } else if (is_command) {
        entry = command_of(fields, folder);
        refuse_members(fields, kEndpointMembers, "url");
    } else {
        entry = endpoint_of(fields, folder);
        refuse_members(fields, kCommandMembers, "command");
    }
    fields.finish();
    if (findings.all().size() == before) {
        table.emplace(member.key, std::move(entry));
    }
}

}  // namespace

HookTable read_hook_table(const Node& value, const std::string& path,
                          const std::filesystem::path& folder, Findings& findings) {
    HookTable table;
    if (value.is_null()) {
        return table;
    }
    if (!value.is_map()) {
        findings.refuse({value.at, path}, "`" + path + "` is " + std::string(name_of(value.kind)),
                        "write `NAME: {command: [PROGRAM, ARGUMENT, ...]}` lines below it");
        return table;
    }
    for (const Member& member : value.members) {
        read_entry(member, path, folder, findings, table);
    }
    return table;
}

HookTableFile read_hook_file(const std::filesystem::path& file, OtherMembers others) {
    HookTableFile result;
    Findings findings(file.string());
    std::optional<std::string> text;
    try {
        text = config::read_text(file);
    } catch (const base::ConfigError& error) {
        findings.refuse({}, error.what(), error.advice());
        result.diagnostics = findings.all();
        return result;
    }
    if (!text) {
        result.table.emplace();
        return result;
    }
    config::ParsedDocument parsed =
        config::parse_document(*text, file.string(), config::syntax_of(file));
    HookTable table;
    if (parsed.root && parsed.root->is_map()) {
        Fields fields(*parsed.root, "", findings);
        if (const Node* const hooks = fields.get("hooks")) {
            table = read_hook_table(*hooks, "hooks", file.parent_path(), findings);
        }
        if (others == OtherMembers::refused) {
            fields.finish();
        }
    } else if (parsed.root && !parsed.root->is_null()) {
        findings.refuse({parsed.root->at, ""}, "the file holds no mapping",
                        "begin it with `hooks:`");
    }
    result.diagnostics = std::move(parsed.diagnostics);
    result.diagnostics.insert(result.diagnostics.end(), findings.all().begin(),
                              findings.all().end());
    config::sort(result.diagnostics);
    if (!config::has_errors(result.diagnostics)) {
        result.table = std::move(table);
    }
    return result;
}

}  // namespace fleet::calls
