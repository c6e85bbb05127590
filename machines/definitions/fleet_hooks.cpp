#include "machines/definitions/fleet_hooks.hpp"

#include <string>
#include <utility>

#include "common/base/errors.hpp"
#include "common/process/spawn.hpp"
#include "machines/calls/hooks_registry.hpp"

namespace fleet::definitions {
namespace {

calls::HookTable table_of(const std::filesystem::path& file, calls::OtherMembers others) {
    auto read = calls::read_hook_file(file, others);
    if (!read.table) {
        throw base::ConfigError("reading hooks: " + read.diagnostics.front().line());
    }
    return std::move(*read.table);
}

class FleetHooks final : public calls::HooksRegistry {
  public:
    FleetHooks(calls::HooksHost host, calls::HookTable fleet, calls::HookTable beside,
               const base::Clock& clock, base::Log& log)
        : all_(std::move(host), std::move(fleet), {}, clock, log),
          beside_(all_.beside(std::move(beside))) {}

    std::unique_ptr<calls::Hooks> make(const std::string& name,
                                       const expression::Value& args) override {
        return beside_->make(name, args);
    }
    [[nodiscard]] std::vector<std::string> names() const override { return beside_->names(); }

  private:
    calls::StandardHooks all_;
    const std::unique_ptr<calls::HooksRegistry> beside_;
};

}  // namespace

std::shared_ptr<calls::HooksRegistry> fleet_hooks(const contracts::Store& store,
                                                  const std::filesystem::path& folder,
                                                  const base::Clock& clock, base::Log& log) {
    const std::filesystem::path data = store.data_folder();
    calls::HookTable fleet;
    if (!data.empty()) {
        fleet = table_of(data.parent_path() / "fleet.yml", calls::OtherMembers::allowed);
    }
    calls::HooksHost host{.environment = process::own_environment(),
                          .store_url = store.url().text_without_secrets(),
                          .process_mark = {},
                          .log_folder = data.empty() ? data : data / "logs"};
    return std::make_shared<FleetHooks>(
        std::move(host), std::move(fleet),
        table_of(folder / "hooks.yml", calls::OtherMembers::refused), clock, log);
}

}  // namespace fleet::definitions
