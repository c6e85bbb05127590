// `fleet`: the operator's command line.
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <string>
#include <unistd.h>
#include <vector>

#include "cli/commands.hpp"
#include "cli/core/standard_output.hpp"

namespace {

/// A closed standard descriptor would be given to the next file opened: a database, perhaps.
void fill_standard_descriptors() {
    int fd = 0;
    do {
        fd = ::open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO) {
        ::close(fd);
    }
}

}  // namespace

int main(int argc, char** argv) {
    fill_standard_descriptors();
    // A reader that has gone is an error of write(), told in one place.
    std::signal(SIGPIPE, SIG_IGN);
    const fleet::base::SystemClock clock;
    const auto environment = [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
    };
    const fleet::cli::Terminal terminal(fleet::cli::Terminal::detect(environment));
    fleet::cli::StandardOutput out(STDOUT_FILENO);
    std::error_code no_directory;
    const std::filesystem::path directory = std::filesystem::current_path(no_directory);
    if (no_directory) {
        std::cerr << "fleet: reading the current directory: " << no_directory.message()
                  << "; change to a directory that exists\n";
        return fleet::cli::kExitError;
    }
    fleet::cli::CommandContext context{clock, terminal, out, std::cerr, directory, environment};
    return fleet::cli::run_program(context, std::vector<std::string>(argv + 1, argv + argc),
                                   fleet::cli::all_commands());
}
