// Structured logging: a message and fields. The logger is passed by reference to whoever needs it;
// there is no global one. Thread-safe.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace fleet::base {

enum class LogLevel { debug, info, warn, error, off };

struct LogField {
    std::string_view name;
    std::string value;
};

class Log {
  public:
    /// Lines "2026-11-21T07:50:30.123Z info worker message key=value" on standard error, or in
    /// `file` (opened for appending) if one is named.
    explicit Log(std::string component, LogLevel level = LogLevel::info,
                 const std::string& file = {});
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    ~Log();

    void debug(std::string_view message, std::initializer_list<LogField> fields = {});
    /// What an operator wants to read.
    void info(std::string_view message, std::initializer_list<LogField> fields = {});
    /// A person should act.
    void warn(std::string_view message, std::initializer_list<LogField> fields = {});
    /// This process failed at its job.
    void error(std::string_view message, std::initializer_list<LogField> fields = {});

  private:
    struct Sink;
    std::unique_ptr<Sink> sink_;
};

/// "debug" ... "off"; throws ConfigError naming the known ones.
[[nodiscard]] LogLevel parse_log_level(std::string_view name);

}  // namespace fleet::base
