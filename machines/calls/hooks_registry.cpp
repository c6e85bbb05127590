#include "machines/calls/hooks_registry.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include "common/base/errors.hpp"
#include "common/process/strays.hpp"
#include "machines/calls/environment.hpp"
#include "machines/calls/hook_process.hpp"
#include "machines/calls/logging_hooks.hpp"
#include "machines/calls/metrics_hooks.hpp"
#include "machines/calls/webhook_hooks.hpp"
#include "machines/config/document.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"

namespace fleet::calls {
namespace {

using expression::Value;

/// Things that runs share, by a text that says all about them. Thread-safe. shared_ptr, because a
/// run may still use what the cache has dropped.
template <typename Thing>
class SharedThings {
  public:
    template <typename Make>
    std::shared_ptr<Thing> get(const std::string& key, Make&& make) {
        std::vector<std::shared_ptr<Thing>> unused;  // ended after the lock is gone
        const std::scoped_lock lock(mutex_);
        const auto found = things_.find(key);
        if (found != things_.end()) {
            return found->second;
        }
        if (things_.size() >= kMaxHookPeers) {
            for (auto it = things_.begin(); it != things_.end();) {
                const bool idle = it->second.use_count() == 1;
                if (idle) {
                    unused.push_back(std::move(it->second));
                }
                it = idle ? things_.erase(it) : std::next(it);
            }
        }
        if (things_.size() >= kMaxHookPeers) {
            throw CallError("HookStartError",
                            "more than " + std::to_string(kMaxHookPeers) +
                                " different hooks and arguments are in use at once");
        }
        return things_.emplace(key, std::forward<Make>(make)()).first->second;
    }

    /// What nobody uses; it is not known here any more.
    std::vector<std::shared_ptr<Thing>> take_unused() {
        std::vector<std::shared_ptr<Thing>> unused;
        const std::scoped_lock lock(mutex_);
        for (auto it = things_.begin(); it != things_.end();) {
            const bool idle = it->second.use_count() == 1;
            if (idle) {
                unused.push_back(std::move(it->second));
            }
            it = idle ? things_.erase(it) : std::next(it);
        }
        return unused;
    }

  private:
    std::mutex mutex_;  ///< guards `things_`
    std::map<std::string, std::shared_ptr<Thing>> things_;
};

[[noreturn]] void wrong_argument(const std::string& hooks, const std::string& what,
                                 const std::string& advice) {
    throw base::ConfigError("hooks `" + hooks + "`: " + what, advice);
}

void check_names(const std::string& hooks, const Value& args,
                 const std::vector<std::string>& known) {
    if (!args.is_dict()) {
        return;
    }
    for (const auto& [key, value] : args.as_dict().entries()) {
        const std::string name = expression::plain_text(key);
        if (std::ranges::find(known, name) == known.end()) {
            wrong_argument(hooks, "there is no argument `" + name + "`",
                           known.empty() ? "it takes none" : config::suggestion(name, known));
        }
    }
}

std::string text_argument(const std::string& hooks, const Value& args, std::string_view name) {
    const Value* const value = args.find(name);
    if (value == nullptr || value->is_null()) {
        return {};
    }
    if (!value->is_string()) {
        wrong_argument(hooks, "`" + std::string(name) + "` is no text", "write a text");
    }
    return value->as_string();
}

std::string key_of_file(const std::string& hooks, const std::string& file) {
    auto text = config::read_text(file);
    if (!text) {
        wrong_argument(hooks, "there is no file " + file + " for its key", "write the key into it");
    }
    while (text->ends_with('\n') || text->ends_with('\r') || text->ends_with(' ')) {
        text->pop_back();
    }
    if (text->empty() || text->find_first_of("\r\n") != std::string::npos) {
        wrong_argument(hooks, "the file " + file + " holds no key", "write one line into it");
    }
    return *text;
}

/// Where it is looked for is the worker's own environment, or a file; never the machine.
std::string api_key(const std::string& hooks, const std::vector<std::string>& environment,
                    const std::string& variable, const std::string& file) {
    if (!file.empty()) {
        return key_of_file(hooks, file);
    }
    for (const std::string& one : environment) {
        if (one.size() > variable.size() + 1 && one.starts_with(variable) &&
            one[variable.size()] == '=') {
            return one.substr(variable.size() + 1);
        }
    }
    wrong_argument(hooks, "the variable " + variable + " for its key is not set",
                   "set it where the worker is started");
}

std::string json_of(const std::string& hooks, const Value& args) {
    try {
        return expression::to_json(args);
    } catch (const expression::EvaluationError& error) {
        wrong_argument(hooks, std::string("its arguments: ") + error.what(), "");
    }
}

/// All that tells one command from another.
std::string key_of(const std::string& name, const CommandEntry& entry, const std::string& args) {
    expression::List parts{Value::string(name), Value::string(entry.directory), Value::string(args),
                           Value::integer(entry.timeout.count())};
    if (entry.concurrent) {
        parts.push_back(Value::boolean(*entry.concurrent));
    }
    for (const std::string& argument : entry.command) {
        parts.push_back(Value::string(argument));
    }
    for (const auto& [variable, value] : entry.env) {
        parts.push_back(Value::list({Value::string(variable), Value::string(value)}));
    }
    return json_of(name, Value::list(std::move(parts)));
}

std::string file_name_of(const std::string& name) {
    std::string file = "hook.";
    for (const char character : name) {
        const bool plain = (character >= 'a' && character <= 'z') ||
                           (character >= 'A' && character <= 'Z') ||
                           (character >= '0' && character <= '9') || character == '-' ||
                           character == '_' || character == '.';
        file += plain ? character : '_';
    }
    return file + ".stderr.txt";
}

}  // namespace

struct StandardHooks::Shared {
    Shared(HooksHost the_host, const base::Clock& the_clock, base::Log& the_log)
        : host(std::move(the_host)), clock(the_clock), log(the_log) {}

    HooksHost host;
    const base::Clock& clock;
    base::Log& log;
    SharedThings<HookPeer> peers;
    SharedThings<WebhookClient> clients;
    /// Shared: a run's webhook may outlive the registry.
    std::shared_ptr<http::Client> http = std::make_shared<http::Client>();

    std::shared_ptr<HookPeer> command(const std::string& name, const CommandEntry& entry,
                                      const Value& args);
    std::shared_ptr<HookPeer> endpoint(const std::string& name, const EndpointEntry& entry,
                                       const Value& args);
    std::unique_ptr<Hooks> webhook(const Value& args);
};

std::shared_ptr<HookPeer> StandardHooks::Shared::command(const std::string& name,
                                                         const CommandEntry& entry,
                                                         const Value& args) {
    return peers.get(key_of(name, entry, json_of(name, args)), [&] {
        auto environment = command_environment({.inherited = host.environment,
                                                .added = entry.env,
                                                .store_url = host.store_url,
                                                .process_mark = host.process_mark});
        environment.emplace_back(process::kServingVariable);
        HookCommand hook{.name = name,
                         .argv = entry.command,
                         .directory = entry.directory,
                         .environment = std::move(environment),
                         .timeout = entry.timeout,
                         .concurrent = entry.concurrent,
                         .stderr_path = {}};
        if (!host.log_folder.empty()) {
            hook.stderr_path = (host.log_folder / file_name_of(name)).string();
        }
        return std::make_shared<HookProcess>(std::move(hook), args, clock, log);
    });
}

std::shared_ptr<HookPeer> StandardHooks::Shared::endpoint(const std::string& name,
                                                          const EndpointEntry& entry,
                                                          const Value& args) {
    HookEndpoint endpoint{name, entry.url, entry.timeout, entry.headers};
    if (!entry.api_key_env.empty() || !entry.api_key_file.empty()) {
        endpoint.headers.emplace_back(
            "Authorization",
            "Bearer " + api_key(name, host.environment, entry.api_key_env, entry.api_key_file));
    }
    std::string key = name + '\n' + entry.url + '\n' + json_of(name, args) + '\n' +
                      std::to_string(entry.timeout.count());
    for (const auto& [header, text] : endpoint.headers) {
        key += '\n' + header + ':' + text;
    }
    return peers.get(key, [&] { return make_endpoint(http, endpoint, args); });
}

std::unique_ptr<Hooks> StandardHooks::Shared::webhook(const Value& args) {
    static const std::string name = "webhook";
    if (args.find("api_key") != nullptr) {
        wrong_argument(name, "a key does not belong into a machine's file",
                       "write `api_key_env: VARIABLE` or `api_key_file: FILE`");
    }
    check_names(name, args, {"url", "endpoint", "timeout", "api_key_env", "api_key_file"});
    std::string url = text_argument(name, args, "url");
    if (url.empty()) {
        url = text_argument(name, args, "endpoint");
    }
    if (url.empty()) {
        wrong_argument(name, "it has no `url`", "write `args: {url: URL}`");
    }
    base::Millis timeout = kWebhookTimeout;
    if (const Value* const seconds = args.find("timeout")) {
        if (!seconds->is_number() || !(seconds->as_floating() > 0) ||
            seconds->as_floating() > 86'400) {
            wrong_argument(name, "`timeout` is no number of seconds", "write a number over 0");
        }
        timeout = std::max(base::Millis{1},
                           base::Millis(static_cast<std::int64_t>(seconds->as_floating() * 1000)));
    }
    const std::string variable = text_argument(name, args, "api_key_env");
    const std::string file = text_argument(name, args, "api_key_file");
    std::vector<std::pair<std::string, std::string>> headers;
    if (!variable.empty() || !file.empty()) {
        headers.emplace_back("Authorization",
                             "Bearer " + api_key(name, host.environment, variable, file));
    }
    const std::string key = json_of(name, args);
    auto client = clients.get(
        key, [&] { return std::make_shared<WebhookClient>(http, url, std::move(headers)); });
    return make_webhook(std::move(client), timeout);
}

StandardHooks::StandardHooks(HooksHost host, HookTable table,
                             std::map<std::string, HooksMaker> more, const base::Clock& clock,
                             base::Log& log)
    : makers_(std::move(more)),
      table_(std::move(table)),
      shared_(std::make_unique<Shared>(std::move(host), clock, log)) {
    makers_.try_emplace("logging", [this](const Value& args) {
        check_names("logging", args, {"level"});
        const std::string level = text_argument("logging", args, "level");
        if (!level.empty() && level != "info" && level != "debug") {
            wrong_argument("logging", "`level` cannot be `" + level + "`",
                           "write `info` or `debug`");
        }
        return make_logging_hooks(shared_->log,
                                  level == "debug" ? base::LogLevel::debug : base::LogLevel::info);
    });
    makers_.try_emplace("metrics", [this](const Value& args) {
        check_names("metrics", args, {});
        return std::make_unique<MetricsHooks>(shared_->clock);
    });
    makers_.try_emplace("webhook", [this](const Value& args) { return shared_->webhook(args); });
}

StandardHooks::~StandardHooks() {
    end_unused();
}

void StandardHooks::end_unused() {
    const auto unused = shared_->peers.take_unused();
    for (const auto& peer : unused) {
        peer->begin_end();
    }
}

std::unique_ptr<Hooks> StandardHooks::make_entry(const std::string& name, const HookEntry& entry,
                                                 const Value& args) {
    if (const auto* command = std::get_if<CommandEntry>(&entry)) {
        return make_peer_hooks(shared_->command(name, *command, args));
    }
    return make_peer_hooks(shared_->endpoint(name, std::get<EndpointEntry>(entry), args));
}

std::unique_ptr<Hooks> StandardHooks::make(const std::string& name, const Value& args) {
    if (const auto maker = makers_.find(name); maker != makers_.end()) {
        return maker->second(args);
    }
    const auto entry = table_.find(name);
    return entry == table_.end() ? nullptr : make_entry(name, entry->second, args);
}

std::vector<std::string> StandardHooks::names() const {
    std::vector<std::string> all;
    for (const auto& [name, maker] : makers_) {
        all.push_back(name);
    }
    for (const auto& [name, entry] : table_) {
        all.push_back(name);
    }
    std::ranges::sort(all);
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

class StandardHooks::Beside final : public HooksRegistry {
  public:
    Beside(StandardHooks& fleet, HookTable table) : fleet_(fleet), table_(std::move(table)) {}

    std::unique_ptr<Hooks> make(const std::string& name, const Value& args) override {
        const auto entry = table_.find(name);
        return entry == table_.end() || fleet_.makers_.contains(name)
                   ? fleet_.make(name, args)
                   : fleet_.make_entry(name, entry->second, args);
    }
    [[nodiscard]] std::vector<std::string> names() const override {
        std::vector<std::string> all = fleet_.names();
        for (const auto& [name, entry] : table_) {
            all.push_back(name);
        }
        std::ranges::sort(all);
        all.erase(std::unique(all.begin(), all.end()), all.end());
        return all;
    }

  private:
    StandardHooks& fleet_;
    HookTable table_;
};

std::unique_ptr<HooksRegistry> StandardHooks::beside(HookTable table) {
    return std::make_unique<Beside>(*this, std::move(table));
}

std::unique_ptr<Hooks> make_known_hooks(HooksRegistry& registry, const std::string& name,
                                        const Value& args) {
    if (auto hooks = registry.make(name, args)) {
        return hooks;
    }
    throw base::ConfigError("there are no hooks `" + name + "`",
                            config::suggestion(name, registry.names()) +
                                " (a `hooks:` table in fleet.yml or hooks.yml adds more)");
}

}  // namespace fleet::calls
