#include "machines/calls/command_report.hpp"

#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>

#include "common/model/json_writer.hpp"
#include "common/process/utf8.hpp"

namespace fleet::calls {
namespace {

constexpr std::size_t kLineBytes = 300;
constexpr std::string_view kSpace = " \t\r\n\v\f";

std::string signal_name(int signal) {
    const char* name = ::sigabbrev_np(signal);
    return name == nullptr ? std::to_string(signal) : std::to_string(signal) + " (SIG" + name + ")";
}

/// ": the last words", wherever there are any; never nothing.
std::string last_words(const EndedCommand& ended) {
    if (std::string line = last_line(ended.standard_error.text); !line.empty()) {
        return ": " + line;
    }
    if (std::string line = last_line(ended.standard_output.text); !line.empty()) {
        return "; nothing on standard error, last line of standard output: " + line;
    }
    return "; it wrote nothing on standard error or standard output";
}

std::string signal_message(const EndedCommand& ended) {
    const int signal = *ended.status.signal;
    std::string message = "ended by signal " + signal_name(signal);
    if (signal == SIGKILL) {
        message += ", which Flatfleet did not send: often the kernel, out of memory";
    }
    if (ended.status.core_dumped) {
        message += ", core dumped";
    }
    return message + last_words(ended);
}

std::string timeout_message(const EndedCommand& ended) {
    std::string message = "took longer than its time limit of " +
                          base::human_duration(ended.timeout.value_or(base::Millis{0}));
    if (ended.ending == Ending::timeout_killed) {
        message += ", did not end within " + base::human_duration(ended.grace) +
                   " of SIGTERM and was killed";
    }
    return message + last_words(ended);
}

void write_output(model::JsonObjectWriter& json, const std::string& name,
                  const process::Tail& tail) {
    if (tail.lossy) {
        json.boolean(name + "_lossy", true);
    }
    if (tail.cut) {
        json.integer(name + "_bytes", tail.bytes);
    }
    if (tail.truncated) {
        json.boolean(name + "_truncated", true);
    }
}

}  // namespace

std::string last_line(const std::string& text) {
    std::string_view rest = text;
    const std::size_t last = rest.find_last_not_of(kSpace);
    if (last == std::string_view::npos) {
        return {};
    }
    rest = rest.substr(0, last + 1);
    if (const std::size_t line = rest.find_last_of("\r\n"); line != std::string_view::npos) {
        rest.remove_prefix(line + 1);
    }
    rest.remove_prefix(rest.find_first_not_of(kSpace));
    std::string result{process::utf8_prefix(rest, kLineBytes)};
    return rest.size() > kLineBytes ? result + "..." : result;
}

std::optional<Failure> failure_of(const EndedCommand& ended, const model::Attempt& attempt) {
    using model::ErrorKind;
    using model::FailureClass;
    const auto failure = [&](FailureClass failure_class, ErrorKind kind, std::string message) {
        return Failure{failure_class, {kind, std::move(message), attempt.stderr_path}};
    };
    if (ended.ending == Ending::timeout || ended.ending == Ending::timeout_killed) {
        return failure(FailureClass::counting, ErrorKind::timeout, timeout_message(ended));
    }
    if (ended.status.signal) {
        return failure(FailureClass::counting, ErrorKind::signal, signal_message(ended));
    }
    if (!ended.status.exit_code) {
        return failure(FailureClass::transient, ErrorKind::internal,
                       "the command ended, but something else in the worker collected its exit "
                       "status; it runs again");
    }
    if (*ended.status.exit_code != 0) {
        return failure(FailureClass::counting, ErrorKind::exit_code,
                       "exit code " + std::to_string(*ended.status.exit_code) + last_words(ended));
    }
    return std::nullopt;
}

base::JsonText output_json(const EndedCommand& ended, const model::Attempt& attempt) {
    model::JsonObjectWriter json;
    const auto optional_integer = [&](const char* name, auto value) {
        value ? json.integer(name, *value) : json.null(name);
    };
    optional_integer("exit_code", attempt.exit_code);
    optional_integer("signal", attempt.signal);
    json.text("stdout", process::utf8_suffix(ended.standard_output.text, kInlineOutputBytes));
    json.text("stderr", process::utf8_suffix(ended.standard_error.text, kInlineOutputBytes));
    json.text("stdout_path", attempt.stdout_path);
    json.text("stderr_path", attempt.stderr_path);
    json.integer("duration_ms", attempt.duration.count());
    if (attempt.cpu_time) {
        json.integer("cpu_ms", attempt.cpu_time->count());
    } else {
        json.null("cpu_ms");
    }
    optional_integer("max_rss_bytes", attempt.max_rss_bytes);
    write_output(json, "stdout", ended.standard_output);
    write_output(json, "stderr", ended.standard_error);
    return json.finish();
}

}  // namespace fleet::calls
