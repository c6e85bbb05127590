#include "cli/work/item_check.hpp"

#include <algorithm>
#include <cctype>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "common/base/errors.hpp"
#include "common/base/json.hpp"
#include "machines/calls/builtins.hpp"
#include "machines/calls/placeholder.hpp"

namespace fleet::cli {
namespace {

/// Below this an item cannot make an argument too long together with the template around it.
constexpr std::size_t kSurelyShort = 32U << 10U;

/// True if the text may hold `{name}`: whether an item fits then depends on its fields.
bool may_name_fields(std::string_view text) {
    for (std::size_t at = 0; at + 1 < text.size(); ++at) {
        const auto next = static_cast<unsigned char>(text[at + 1]);
        if (text[at] == '{' && (std::isalnum(next) != 0 || next == '_' || next == '.')) {
            return true;
        }
    }
    return false;
}

/// What the check works with; shared, because the check is copied.
struct Parts {
    std::string source;
    calls::Machine machine = calls::Machine::command;
    std::optional<calls::ArgvTemplate> argv;
    std::optional<calls::TextTemplate> unique_key;
    bool look_at_all = false;  ///< else only at items that are large or hold a zero byte
};

[[noreturn]] void refuse(const Parts& parts, std::int64_t line, const std::string& what,
                         const std::string& advice) {
    const std::string where =
        parts.source.empty() ? "the input" : parts.source + " line " + std::to_string(line);
    throw base::ConfigError(where + ": " + what,
                            (advice.empty() ? "" : advice + "; ") + "nothing was submitted");
}

void check_arguments(const Parts& parts, const calls::Item& item) {
    const auto expanded = parts.argv->expand(item);
    if (const auto* error = std::get_if<calls::TemplateError>(&expanded)) {
        refuse(parts, item.number(), error->message, "");
    }
    for (const std::string& argument : std::get<std::vector<std::string>>(expanded)) {
        if (argument.size() > kMaxArgumentBytes) {
            refuse(parts, item.number(),
                   "an argument of " + std::to_string(argument.size()) +
                       " bytes; the kernel passes at most " + std::to_string(kMaxArgumentBytes),
                   "--stdin gives the item on standard input");
        }
        if (argument.find('\0') != std::string::npos) {
            refuse(parts, item.number(), "the item holds a zero byte, which no argument can carry",
                   "--stdin gives the item on standard input");
        }
    }
}

void check_sleep(const Parts& parts, std::string_view input, std::int64_t line) {
    const base::Json json = base::parse_json(input.empty() ? "null" : input, "input");
    const bool right = json.is_object() && json.contains("seconds") &&
                       json["seconds"].is_number() && json["seconds"].get<double>() >= 0 &&
                       json["seconds"].get<double>() <= calls::kLongestSleepSeconds;
    if (!right) {
        refuse(parts, line, "builtin:sleep needs {\"seconds\": S}, S from 0 to 366 days", "");
    }
}

void check_item(const Parts& parts, std::string_view input, std::int64_t line) {
    if (parts.machine == calls::Machine::sleep) {
        check_sleep(parts, input, line);
    }
    const bool command = parts.argv && (parts.look_at_all || input.size() > kSurelyShort ||
                                        input.find("\\u0000") != std::string_view::npos ||
                                        input.find("item_base64") != std::string_view::npos);
    if (!command && !parts.unique_key) {
        return;
    }
    const calls::Item item(base::JsonText(input), line);
    if (command) {
        check_arguments(parts, item);
    }
    if (parts.unique_key) {
        const auto key = parts.unique_key->expand(item);
        if (const auto* error = std::get_if<calls::TemplateError>(&key)) {
            refuse(parts, line, "--unique: " + error->message, "");
        }
    }
}

}  // namespace

ItemCheck make_item_check(const model::WorkSpec& spec, const std::string& unique_key,
                          const std::string& source) {
    auto parts = std::make_shared<Parts>();
    parts->source = source;
    parts->machine = calls::parse_machine(spec.machine).value_or(calls::Machine::noop);
    if (parts->machine == calls::Machine::command) {
        using Without = calls::ArgvTemplate::WithoutPlaceholder;
        parts->argv.emplace(spec.argv,
                            spec.item_on_stdin ? Without::as_it_is : Without::append_item);
        parts->look_at_all = std::any_of(spec.argv.begin(), spec.argv.end(), may_name_fields);
    }
    if (!unique_key.empty()) {
        parts->unique_key.emplace(unique_key);
    }
    return [parts](std::string_view input, std::int64_t line) { check_item(*parts, input, line); };
}

}  // namespace fleet::cli
