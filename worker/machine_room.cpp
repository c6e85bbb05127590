#include "worker/machine_room.hpp"

#include <utility>

#include "common/base/errors.hpp"
#include "common/process/spawn.hpp"
#include "common/process/tree.hpp"
#include "machines/fleet_file/changes.hpp"
#include "worker/fleet_agents.hpp"

namespace fleet::worker {
namespace {

/// The box's own: hooks, providers' places and error classes are not in the store.
fleet_file::FleetFile fleet_file_of(const std::filesystem::path& data_folder) {
    const std::filesystem::path file = fleet_file::file_beside(data_folder);
    if (file.empty()) {
        return {};
    }
    auto read = fleet_file::read_fleet_file(file);
    if (!read.file) {
        throw base::ConfigError("reading the fleet's file: " + read.diagnostics.front().line(),
                                "`fleet validate " + file.string() + "` tells all of it");
    }
    return std::move(*read.file);
}

}  // namespace

MachineRoom::MachineRoom(Ports ports) : ports_(std::move(ports)) {}

MachineRoom::~MachineRoom() = default;

MachineRunner& MachineRoom::runner() {
    const std::scoped_lock lock(mutex_);
    if (runner_) {
        return *runner_;
    }
    const std::filesystem::path folder = ports_.store.data_folder();
    calls::HooksHost host{.environment = process::own_environment(),
                          .store_url = ports_.store.url().text_without_secrets(),
                          .process_mark = ports_.process_mark,
                          .log_folder = folder.empty() ? folder : folder / "logs"};
    fleet_file::FleetFile fleet = fleet_file_of(folder);
    hooks_ = std::make_unique<calls::StandardHooks>(std::move(host), std::move(fleet.hooks),
                                                    ports_.extras.hooks, ports_.clock, ports_.log);
    agents_ = ports_.extras.agents ? ports_.extras.agents : own_agents(std::move(fleet));
    runner_ = std::make_unique<MachineRunner>(MachineRunner::Ports{
        .store = ports_.store,
        .clock = ports_.clock,
        .log = ports_.log,
        .hooks = *hooks_,
        .agents = *agents_,
        .worker_id = ports_.worker_id,
        .host = ports_.host,
        .children_elsewhere = ports_.extras.children_elsewhere,
    });
    runner_->set_leaving(leaving_);
    return *runner_;
}

std::shared_ptr<AgentMaker> MachineRoom::own_agents(fleet_file::FleetFile fleet) const {
    FleetAgents::Settings settings;
    settings.providers = std::move(fleet.settings);
    settings.classes = std::move(fleet.error_classes);
    settings.environment = process::own_environment();
    settings.environment.push_back(std::string(process::kMarkVariable) + "=" + ports_.process_mark);
    return std::make_shared<FleetAgents>(
        FleetGate::Ports{ports_.store.usage(), ports_.clock, ports_.log, ports_.worker_id},
        std::move(settings));
}

void MachineRoom::end_hooks() {
    calls::StandardHooks* hooks = nullptr;
    {
        const std::scoped_lock lock(mutex_);
        hooks = hooks_.get();  // once made, it stays
    }
    if (hooks != nullptr) {
        hooks->end_unused();
    }
}

void MachineRoom::set_leaving(bool leaving) {
    const std::scoped_lock lock(mutex_);
    leaving_ = leaving;
    if (runner_) {
        runner_->set_leaving(leaving);
    }
}

}  // namespace fleet::worker
