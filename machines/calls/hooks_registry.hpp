// The hooks that a worker knows by name: the built-in ones, those of the user's table, and those
// that whoever makes the registry adds (`distributed-worker`).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/logging.hpp"
#include "machines/calls/hook_table.hpp"
#include "machines/calls/hooks.hpp"

namespace fleet::calls {

/// What hook commands are given, and where they run.
struct HooksHost {
    /// What commands inherit, as "NAME=value", and where `api_key_env` looks.
    std::vector<std::string> environment;
    std::string store_url;     ///< FLEET_STORE of the commands: without secrets; may be empty
    std::string process_mark;  ///< FLEET_PROCESS_MARK, see process::kill_marked_processes
    /// For a command's stderr between calls: `hook.NAME.stderr.txt`; empty: it is not kept.
    std::filesystem::path log_folder;
};

using HooksMaker = std::function<std::unique_ptr<Hooks>(const expression::Value& args)>;

/// Commands and connections are shared by all runs: one for each name with the same arguments, at
/// most kMaxHookPeers; unused ones are ended when there are more. They are started when first used,
/// and end with the registry, or with the last run that uses them.
inline constexpr std::size_t kMaxHookPeers = 64;

class StandardHooks final : public HooksRegistry {
  public:
    /// `more` wins over what is built in. `clock` and `log` must outlive the registry and all hooks
    /// that it made.
    StandardHooks(HooksHost host, HookTable table, std::map<std::string, HooksMaker> more,
                  const base::Clock& clock, base::Log& log);
    ~StandardHooks() override;

    /// Throws base::ConfigError for arguments that the built-in hooks do not take, and for a key
    /// that is not where it should be.
    [[nodiscard]] std::unique_ptr<Hooks> make(const std::string& name,
                                              const expression::Value& args) override;
    [[nodiscard]] std::vector<std::string> names() const override;

    /// Ends the commands that no run uses, all at the same time, and waits for their ends. A later
    /// call starts its command again.
    void end_unused();

    /// This registry with a table that stands beside a machine, whose names win over those of the
    /// fleet's table. Must not outlive this one.
    [[nodiscard]] std::unique_ptr<HooksRegistry> beside(HookTable table);

  private:
    class Beside;
    struct Shared;
    [[nodiscard]] std::unique_ptr<Hooks> make_entry(const std::string& name, const HookEntry& entry,
                                                    const expression::Value& args);

    std::map<std::string, HooksMaker> makers_;
    HookTable table_;
    std::unique_ptr<Shared> shared_;
};

/// Throws base::ConfigError that names the nearest known one when there are no hooks of this name.
[[nodiscard]] std::unique_ptr<Hooks> make_known_hooks(HooksRegistry& registry,
                                                      const std::string& name,
                                                      const expression::Value& args);

}  // namespace fleet::calls
