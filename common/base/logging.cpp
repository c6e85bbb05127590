#include "common/base/logging.hpp"

#include <array>
#include <cstdio>
#include <fcntl.h>
#include <utility>
#include <vector>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "common/base/errors.hpp"
#include "common/base/nearest.hpp"

namespace fleet::base {
namespace {

constexpr std::array<std::pair<std::string_view, LogLevel>, 5> kLevels{{
    {"debug", LogLevel::debug},
    {"info", LogLevel::info},
    {"warn", LogLevel::warn},
    {"error", LogLevel::error},
    {"off", LogLevel::off},
}};

spdlog::level::level_enum library_level(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return spdlog::level::debug;
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::warn:
            return spdlog::level::warn;
        case LogLevel::error:
            return spdlog::level::err;
        case LogLevel::off:
            break;
    }
    return spdlog::level::off;
}

bool is_control(char character) {
    return static_cast<unsigned char>(character) < 0x20 || character == 0x7F;
}

/// One record is one line, whatever the text holds.
void append_escaped(std::string& line, std::string_view text, bool quoted) {
    constexpr std::string_view kHex = "0123456789abcdef";
    for (const char character : text) {
        if (quoted && (character == '"' || character == '\\')) {
            line += '\\';
            line += character;
        } else if (character == '\n') {
            line += "\\n";
        } else if (character == '\t') {
            line += "\\t";
        } else if (is_control(character)) {
            const auto byte = static_cast<unsigned char>(character);
            line += "\\x";
            line += kHex[byte >> 4U];
            line += kHex[byte & 0x0FU];
        } else {
            line += character;
        }
    }
}

void append_value(std::string& line, std::string_view value) {
    bool quoted = value.empty();
    for (const char character : value) {
        quoted = quoted || character == ' ' || character == '"' || character == '=' ||
                 is_control(character);
    }
    if (quoted) {
        line += '"';
    }
    append_escaped(line, value, quoted);
    if (quoted) {
        line += '"';
    }
}

spdlog::sink_ptr make_file_sink(const std::string& file) {
    spdlog::file_event_handlers handlers;
    handlers.after_open = [](const spdlog::filename_t&, std::FILE* stream) {
        // Commands must not inherit the log.
        ::fcntl(::fileno(stream), F_SETFD, FD_CLOEXEC);
    };
    try {
        return std::make_shared<spdlog::sinks::basic_file_sink_mt>(file, false, handlers);
    } catch (const spdlog::spdlog_ex& failure) {
        throw ConfigError("opening the log file " + file + ": " + failure.what(),
                          "name a file in a folder that can be written");
    }
}

}  // namespace

struct Log::Sink {
    std::string component;
    spdlog::logger logger;

    Sink(std::string component_name, spdlog::sink_ptr sink)
        : component(std::move(component_name)), logger(component, std::move(sink)) {}

    void write(LogLevel level, std::string_view name, std::string_view message,
               std::initializer_list<LogField> fields) {
        const spdlog::level::level_enum severity = library_level(level);
        if (!logger.should_log(severity)) {
            return;
        }
        std::string line;
        line.reserve(name.size() + component.size() + message.size() + 2 + 32 * fields.size());
        line.append(name).append(1, ' ').append(component).append(1, ' ');
        append_escaped(line, message, false);
        for (const LogField& field : fields) {
            line.append(1, ' ').append(field.name).append(1, '=');
            append_value(line, field.value);
        }
        logger.log(severity, spdlog::string_view_t(line.data(), line.size()));
    }
};

Log::Log(std::string component, LogLevel level, const std::string& file)
    : sink_(std::make_unique<Sink>(std::move(component),
                                   file.empty() ? std::make_shared<spdlog::sinks::stderr_sink_mt>()
                                                : make_file_sink(file))) {
    sink_->logger.set_formatter(std::make_unique<spdlog::pattern_formatter>(
        "%Y-%m-%dT%H:%M:%S.%eZ %v", spdlog::pattern_time_type::utc));
    sink_->logger.set_level(library_level(level));
    // What a process said last must be there when it is killed.
    sink_->logger.flush_on(spdlog::level::trace);
}

Log::~Log() = default;

void Log::debug(std::string_view message, std::initializer_list<LogField> fields) {
    sink_->write(LogLevel::debug, "debug", message, fields);
}

void Log::info(std::string_view message, std::initializer_list<LogField> fields) {
    sink_->write(LogLevel::info, "info", message, fields);
}

void Log::warn(std::string_view message, std::initializer_list<LogField> fields) {
    sink_->write(LogLevel::warn, "warn", message, fields);
}

void Log::error(std::string_view message, std::initializer_list<LogField> fields) {
    sink_->write(LogLevel::error, "error", message, fields);
}

LogLevel parse_log_level(std::string_view name) {
    std::vector<std::string> names;
    for (const auto& [known, level] : kLevels) {
        if (known == name) {
            return level;
        }
        names.emplace_back(known);
    }
    const auto nearest = nearest_name(name, names);
    throw ConfigError("unknown log level \"" + std::string(name) + "\"",
                      (nearest ? "did you mean \"" + *nearest + "\"? " : std::string()) +
                          "known are debug, info, warn, error and off");
}

}  // namespace fleet::base
