#include "cli/view/describe.hpp"

#include <algorithm>
#include <cstring>

#include "cli/core/output.hpp"
#include "common/base/errors.hpp"
#include "common/base/json.hpp"

namespace fleet::cli {
namespace {

constexpr std::size_t kShownBytes = 300;
/// A larger input is shown by its beginning, without being parsed.
constexpr std::size_t kParsedBytes = 64U << 10U;

std::string beginning(std::string text) {
    if (text.size() > kShownBytes) {
        std::size_t end = kShownBytes;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
            --end;
        }
        text.resize(end);
        text += "…";
    }
    return text;
}

bool is_plain_word(const std::string& word) {
    constexpr std::string_view kPlain = "%+,-./:=@_{}#";
    return !word.empty() && std::all_of(word.begin(), word.end(), [=](unsigned char character) {
        return std::isalnum(character) != 0 ||
               kPlain.find(static_cast<char>(character)) != std::string_view::npos;
    });
}

std::string quoted(const std::string& word) {
    if (is_plain_word(word)) {
        return word;
    }
    std::string text = "'";
    for (const char character : word) {
        text += character == '\'' ? "'\\''" : std::string(1, character);
    }
    return text + "'";
}

}  // namespace

Colour colour_of(model::Status status) {
    switch (status) {
        case model::Status::done:
            return Colour::green;
        case model::Status::failed:
            return Colour::red;
        case model::Status::running:
            return Colour::cyan;
        case model::Status::cancelled:
            return Colour::yellow;
        case model::Status::pending:
        case model::Status::waiting:
            break;
    }
    return Colour::plain;
}

Colour colour_of(const model::WorkerRecord& worker) {
    switch (worker.status) {
        case model::WorkerStatus::active:
            return worker.stale ? Colour::red : Colour::green;
        case model::WorkerStatus::terminating:
            return Colour::yellow;
        case model::WorkerStatus::lost:
            return Colour::red;
        case model::WorkerStatus::terminated:
            break;
    }
    return Colour::dim;
}

std::string describe_input(const base::JsonText& input) {
    if (input.empty() || input == "{}" || input == "null") {
        return "-";
    }
    if (input.size() <= kParsedBytes) {
        try {
            const base::Json json = base::parse_json(input, "input");
            if (json.is_object() && json.size() == 1 && json.contains("item") &&
                json["item"].is_string()) {
                return beginning(json["item"].get<std::string>());
            }
        } catch (const base::Error&) {
            // Not JSON: shown as it is.
            return beginning(input);
        }
    }
    return beginning(input);
}

std::string describe_time(const model::Execution& execution, base::StoreTime now) {
    const auto since = [now](base::StoreTime at) {
        return base::human_duration(std::max(now - at, base::Millis{0}));
    };
    switch (execution.status) {
        case model::Status::pending:
            return execution.due_in && execution.due_in->count() > 0
                       ? "due in " + base::human_duration(*execution.due_in)
                       : "ready, " + since(execution.created_at) + " old";
        case model::Status::waiting:
            return execution.due_in ? "at most " + base::human_duration(*execution.due_in)
                                    : "parked, " + since(execution.created_at) + " old";
        case model::Status::running:
            return execution.started_at ? "running for " + since(*execution.started_at)
                                        : "taken, not begun";
        case model::Status::done:
        case model::Status::failed:
        case model::Status::cancelled:
            break;
    }
    if (!execution.finished_at) {
        return "ended";
    }
    if (execution.last_attempt && execution.last_attempt->duration.count() > 0) {
        return "took " + base::human_duration(execution.last_attempt->duration);
    }
    return execution.started_at
               ? "took " + base::human_duration(std::max(
                               *execution.finished_at - *execution.started_at, base::Millis{0}))
               : "ended " + since(*execution.finished_at) + " ago";
}

std::string signal_name(int signal) {
    const char* name = ::sigabbrev_np(signal);
    return name == nullptr ? "number " + std::to_string(signal) : name;
}

std::string describe_end(const model::Attempt& attempt) {
    if (attempt.error) {
        switch (attempt.error->kind) {
            case model::ErrorKind::timeout:
                return "took longer than its time limit";
            case model::ErrorKind::spawn:
                return "could not be started";
            case model::ErrorKind::lost_worker:
                return "lost with its worker";
            case model::ErrorKind::cancelled:
                return "cancelled";
            default:
                break;
        }
    }
    if (attempt.signal) {
        return "killed by signal " + std::to_string(*attempt.signal) + " (" +
               signal_name(*attempt.signal) + ")";
    }
    if (attempt.exit_code) {
        return "exit code " + std::to_string(*attempt.exit_code);
    }
    if (attempt.error) {
        return std::string(model::to_text(attempt.error->kind));
    }
    return base::count_ms(attempt.finished_at) == 0 ? "no end recorded" : "ended";
}

std::string describe_work(const model::WorkSpec& spec) {
    if (spec.argv.empty()) {
        return spec.machine;
    }
    std::string text;
    for (const std::string& word : spec.argv) {
        text += (text.empty() ? "" : " ") + quoted(word);
    }
    return beginning(std::move(text));
}

std::string describe_instant(base::StoreTime at, base::StoreTime now) {
    return base::iso8601(at) + " (" + base::human_duration(std::max(now - at, base::Millis{0})) +
           " ago)";
}

std::string describe_error(const model::ExecutionError& error) {
    const bool told = error.type.empty() || error.message.starts_with(error.type);
    return told ? error.message : error.type + ": " + error.message;
}

std::string count_children(std::int64_t count) {
    return with_commas(count) + (count == 1 ? " child" : " children");
}

std::string counted(std::int64_t count, const std::string& noun) {
    return with_commas(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace fleet::cli
