#include "tests/chaos/box_processes.hpp"

#include <algorithm>
#include <csignal>
#include <filesystem>

#include <system_error>

#include "common/process/identity.hpp"
#include "common/process/proc.hpp"

namespace fleet::chaos {
namespace {

constexpr const char* kVariable = "CHAOS_BOX";

Role role_of(pid_t pid) {
    std::error_code ignored;  // It has ended: nobody will ask for its role.
    const auto program =
        std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/exe", ignored).filename();
    if (program == "fleet") {
        return Role::fleet;
    }
    if (program == "scaler") {
        return Role::scaler;
    }
    if (program == "worker") {
        return Role::worker;
    }
    return program == "chaos_item" ? Role::command : Role::other;
}

}  // namespace

std::pair<std::string, std::string> BoxProcesses::variable() const {
    return {kVariable, name_};
}

std::vector<BoxProcess> BoxProcesses::list() const {
    const std::string wanted = std::string(kVariable) + "=" + name_;
    std::vector<BoxProcess> found;
    for (const pid_t pid : process::all_pids()) {
        // The identity first: what is read after it is of this process or of nobody's interest.
        auto identity = process::identity_of(pid);
        if (!identity || !process::has_variable(process::read_environ(pid), wanted)) {
            continue;
        }
        std::string command =
            process::read_small_file("/proc/" + std::to_string(pid) + "/cmdline").value_or("");
        std::replace(command.begin(), command.end(), '\0', ' ');
        found.push_back({role_of(pid), std::move(*identity), std::move(command)});
    }
    return found;
}

bool kill_process(const BoxProcess& process) {
    const auto opened = process::open_process(process.identity);
    return opened && process::signal_process(*opened, SIGKILL);
}

std::string describe(const BoxProcess& process) {
    const auto stat = process::read_proc_stat(process.identity.pid);
    const auto name = [&] {
        switch (process.role) {
            case Role::fleet:
                return "fleet ";
            case Role::scaler:
                return "scaler ";
            case Role::worker:
                return "worker ";
            case Role::command:
                return "command ";
            case Role::other:
                break;
        }
        return "process ";
    }();
    return name + std::to_string(process.identity.pid) + " (parent " +
           (stat ? std::to_string(stat->parent) : "gone") + "): " + process.command_line;
}

}  // namespace fleet::chaos
