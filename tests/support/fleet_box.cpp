#include "tests/support/fleet_box.hpp"

#include <csignal>
#include <fstream>
#include <sstream>

#include "common/process/identity.hpp"
#include "common/process/proc.hpp"
#include "tests/support/folders.hpp"

namespace fleet::test_support {

FleetBox::~FleetBox() {
    kill_all();
}

void FleetBox::kill_all() const {
    // Whatever was started here has this folder in its command line, as part of the store's URL.
    for (const pid_t pid : process::all_pids()) {
        const auto identity = process::identity_of(pid);
        const auto command = process::read_small_file("/proc/" + std::to_string(pid) + "/cmdline");
        if (identity && command && command->find(folder_.path().string()) != std::string::npos) {
            if (const auto opened = process::open_process(*identity)) {
                process::signal_process(*opened, SIGKILL);
            }
        }
    }
}

void FleetBox::write(std::string_view name, std::string_view text) const {
    write_file(path(name), text);
}

void FleetBox::write_script(std::string_view name, std::string_view text) const {
    write(name, text);
    std::filesystem::permissions(path(name), std::filesystem::perms::owner_all);
}

std::string FleetBox::read(std::string_view name) const {
    return std::filesystem::exists(path(name)) ? read_file(path(name)) : "";
}

Program FleetBox::program(std::vector<std::string> arguments) const {
    Program program;
    program.argv = {(bin_dir() / "fleet").string()};
    program.argv.insert(program.argv.end(), arguments.begin(), arguments.end());
    program.directory = folder_.path();
    return program;
}

ProgramResult FleetBox::fleet(std::vector<std::string> arguments,
                              std::optional<std::string> stdin_text,
                              std::chrono::milliseconds limit) const {
    Program one = program(std::move(arguments));
    one.stdin_text = std::move(stdin_text);
    return run_program(one, limit);
}

std::vector<std::string> FleetBox::results(const std::string& batch) const {
    return lines_of(fleet({"results", "--batch", batch}).out);
}

std::size_t FleetBox::executions() const {
    if (!std::filesystem::exists(store())) {
        return 0;
    }
    return lines_of(
               fleet({"results", "--status", "pending,running,waiting,done,failed,cancelled"}).out)
        .size();
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(line);
    }
    return lines;
}

}  // namespace fleet::test_support
