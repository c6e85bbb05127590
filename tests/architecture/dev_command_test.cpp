// ./dev on machines of all kinds: the packages, the user and the network are made up by small
// programs that stand before the real ones.
#include <array>
#include <filesystem>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "tests/support/folders.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"

using Catch::Matchers::Contains;
using fleet::test_support::ProgramResult;
using fleet::test_support::read_file;
using fleet::test_support::run_program;
using fleet::test_support::source_dir;
using fleet::test_support::TemporaryFolder;
using fleet::test_support::write_file;

namespace {

/// A machine on which only the named tools exist.
class Machine {
  public:
    explicit Machine(std::string_view os_release) {
        write_file(folder_ / "os-release", os_release);
        write_file(folder_ / "calls", "");
        std::filesystem::create_directory(folder_ / "bin");
        for (const char* tool :
             {"bash", "cat", "comm", "dirname", "env", "nproc", "readlink", "sed", "sort"}) {
            const std::filesystem::path usr = std::filesystem::path("/usr/bin") / tool;
            std::filesystem::create_symlink(
                std::filesystem::exists(usr) ? usr : std::filesystem::path("/bin") / tool,
                folder_ / "bin" / tool);
        }
        set_user(0);
    }

    void set_user(int id) { program("id", "echo " + std::to_string(id)); }
    void set_sudo() { program("sudo", note("sudo") + "exec \"$@\""); }
    /// dpkg-query knows all that it is asked for but the package `missing` ("" for none).
    void set_packages(const std::string& missing) {
        program("dpkg-query", "for p in \"$@\"; do case $p in -*|'" + missing +
                                  "') ;; *) echo \"installed $p\" ;; esac; done");
    }
    void set_apt(int exit_code) {
        program("apt-get", note("apt-get") + "exit " + std::to_string(exit_code));
    }

    [[nodiscard]] ProgramResult setup() const {
        return run_program({
            .argv = {(source_dir() / "dev").string(), "setup"},
            .environment = {{"PATH", (folder_ / "bin").string()},
                            {"FLEET_DEV_OS_RELEASE", (folder_ / "os-release").string()}},
            .directory = folder_.path(),
        });
    }
    [[nodiscard]] std::string calls() const { return read_file(folder_ / "calls"); }

  private:
    [[nodiscard]] std::string note(const std::string& name) const {
        return "echo " + name + " \"$@\" >>'" + (folder_ / "calls").string() + "'\n";
    }
    void program(const std::string& name, const std::string& body) {
        const std::filesystem::path file = folder_ / "bin" / name;
        write_file(file, "#!/usr/bin/env bash\n" + body + "\n");
        std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    }

    TemporaryFolder folder_;
};

constexpr std::string_view kDebian12 = "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian 12\"\n";
constexpr std::string_view kDebian13 = "ID=debian\nVERSION_ID=\"13\"\nPRETTY_NAME=\"Debian 13\"\n";
constexpr std::string_view kUbuntu = "ID=ubuntu\nVERSION_ID=\"24.04\"\nPRETTY_NAME=\"Ubuntu\"\n";

}  // namespace

TEST_CASE("./dev help names every command from any directory") {
    const TemporaryFolder elsewhere;
    const auto result = run_program(
        {.argv = {(source_dir() / "dev").string(), "help"}, .directory = elsewhere.path()});
    CHECK(result.exit_code == 0);
    for (const char* command :
         {"setup", "build", "test", "lint", "bench", "chaos", "fuzz", "quickstart"}) {
        CHECK_THAT(result.out, Contains(command));
    }
}

TEST_CASE("./dev refuses what it does not know with exit code 2") {
    const std::string dev = (source_dir() / "dev").string();
    for (const std::vector<std::string>& arguments :
         std::vector<std::vector<std::string>>{{"biuld"},
                                               {"build", "fast"},
                                               {"test", "--slow"},
                                               {"test", "-R"},
                                               {"setup", "now"},
                                               {"chaos"},
                                               {"chaos", "--minutes", "0"},
                                               {"chaos", "--minutes", "1", "--seed", "x"},
                                               {"fuzz", "nothing"},
                                               {"fuzz", "--seconds", "0"}}) {
        std::vector<std::string> argv{dev};
        argv.insert(argv.end(), arguments.begin(), arguments.end());
        const auto result = run_program({.argv = argv});
        CHECK(result.exit_code == 2);
        CHECK_THAT(result.err, Contains("dev: ") && Contains("./dev help"));
    }
}

TEST_CASE("./dev setup asks nobody when all packages are installed") {
    Machine machine(kDebian12);
    machine.set_user(1000);
    machine.set_packages("");
    machine.set_apt(1);
    const auto result = machine.setup();
    CHECK(result.err.empty());
    CHECK(result.exit_code == 0);
    CHECK_THAT(result.out, Contains("all packages are installed") && !Contains("untested"));
    CHECK(machine.calls().empty());
}

TEST_CASE("./dev setup installs only what is missing, as root") {
    Machine machine(kDebian12);
    machine.set_packages("libboost-filesystem1.74-dev");
    machine.set_apt(0);
    CHECK(machine.setup().exit_code == 0);
    CHECK(machine.calls() ==
          "apt-get update -q\n"
          "apt-get install -q -y --no-install-recommends libboost-filesystem1.74-dev\n");
}

TEST_CASE("./dev setup goes through sudo as a user") {
    Machine machine(kDebian12);
    machine.set_user(1000);
    machine.set_sudo();
    machine.set_packages("catch2");
    machine.set_apt(0);
    CHECK(machine.setup().exit_code == 0);
    CHECK_THAT(machine.calls(),
               Contains("sudo env DEBIAN_FRONTEND=noninteractive apt-get install") &&
                   Contains("apt-get install -q -y --no-install-recommends catch2\n"));
}

TEST_CASE("./dev setup names what is missing when it may not install it") {
    Machine machine(kDebian12);
    machine.set_user(1000);
    machine.set_packages("catch2");
    machine.set_apt(0);
    const auto result = machine.setup();
    CHECK(result.exit_code == 1);
    CHECK_THAT(result.err, Contains("no sudo") && Contains("apt-get install catch2"));
    CHECK(machine.calls().empty());
}

TEST_CASE("./dev setup names what is missing when the packages cannot be had") {
    Machine machine(kDebian12);
    machine.set_packages("catch2");
    machine.set_apt(100);
    const auto result = machine.setup();
    CHECK(result.exit_code == 1);
    CHECK_THAT(result.out, Contains("offline?"));
    CHECK_THAT(result.err, Contains("could not install") && Contains("catch2"));
}

TEST_CASE("./dev setup uses the names of newer systems and says that they are untested") {
    for (const std::string_view system : {kDebian13, kUbuntu}) {
        Machine machine(system);
        machine.set_packages("libboost-filesystem-dev");
        machine.set_apt(0);
        const auto result = machine.setup();
        CHECK(result.exit_code == 0);
        CHECK_THAT(result.out, Contains("untested"));
        CHECK_THAT(machine.calls(), Contains("recommends libboost-filesystem-dev\n"));
    }
}

TEST_CASE("./dev setup says what an unknown system would need") {
    Machine machine("ID=other\nVERSION_ID=1\nPRETTY_NAME='Other Linux'\n");
    const auto result = machine.setup();
    CHECK(result.exit_code == 1);
    CHECK_THAT(result.err, Contains("Other Linux") && Contains("ninja-build"));
}
