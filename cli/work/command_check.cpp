#include "cli/work/command_check.hpp"

#include <cerrno>
#include <unistd.h>

#include <sys/stat.h>

#include "common/base/errors.hpp"

namespace fleet::cli {
namespace {

namespace fs = std::filesystem;

enum class Found { executable, not_executable, directory, nothing };

Found look_at(const fs::path& file) {
    struct stat about {};
    if (::stat(file.c_str(), &about) != 0) {
        return errno == EACCES ? Found::not_executable : Found::nothing;
    }
    if (S_ISDIR(about.st_mode)) {
        return Found::directory;
    }
    return ::access(file.c_str(), X_OK) == 0 ? Found::executable : Found::not_executable;
}

[[noreturn]] void refuse(Found found, const std::string& program, const fs::path& file) {
    switch (found) {
        case Found::directory:
            throw base::ConfigError("the command " + file.string() + " is a directory",
                                    "name a program; nothing was submitted");
        case Found::not_executable:
            throw base::ConfigError(
                "the command " + file.string() + " is not executable",
                "make it executable (chmod +x) or name its interpreter; nothing was submitted");
        case Found::executable:
        case Found::nothing:
            break;
    }
    throw base::ConfigError(program.find('/') == std::string::npos
                                ? "command not found: " + program + " is in no folder of PATH"
                                : "command not found: there is no file " + file.string(),
                            "check its name; nothing was submitted");
}

}  // namespace

void check_command(const std::string& program, const fs::path& directory, std::string_view path) {
    if (program.find('/') != std::string::npos) {
        const fs::path file = directory / program;
        if (const Found found = look_at(file); found != Found::executable) {
            refuse(found, program, file);
        }
        return;
    }
    Found best = Found::nothing;
    fs::path best_file;
    for (std::size_t begin = 0; begin <= path.size();) {
        const std::size_t end = std::min(path.find(':', begin), path.size());
        const fs::path file = directory / std::string(path.substr(begin, end - begin)) / program;
        const Found found = look_at(file);
        if (found == Found::executable) {
            return;
        }
        if (found == Found::not_executable) {
            best = found;
            best_file = file;
        }
        begin = end + 1;
    }
    refuse(best, program, best_file);
}

void check_directory(const fs::path& directory) {
    struct stat about {};
    if (::stat(directory.c_str(), &about) != 0) {
        throw base::ConfigError(
            base::describe_errno("the working directory " + directory.string(), errno),
            "--cwd names a directory that exists; nothing was submitted");
    }
    if (!S_ISDIR(about.st_mode)) {
        throw base::ConfigError(
            "the working directory " + directory.string() + " is not a directory",
            "nothing was submitted");
    }
    if (::access(directory.c_str(), X_OK) != 0) {
        throw base::ConfigError(
            base::describe_errno("entering the working directory " + directory.string(), errno),
            "nothing was submitted");
    }
}

}  // namespace fleet::cli
