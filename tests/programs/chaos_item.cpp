// The command of the chaos runs: writes down when it begins and when it ends, with what it was
// given to prove its right to run. Every line is one write(2) to a file opened for appending, so
// that kill -9 loses nothing that was said.
//
// It holds a lock of its execution while anything of it lives, its own child processes included:
// the kernel gives the lock back when the last of them is gone. An attempt that finds it taken says
// so: two attempts of one execution are at work at the same time.
//
// chaos_item JOURNAL LOCK_FOLDER MILLISECONDS plain|child|daemon
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <iostream>
#include <poll.h>
#include <string>
#include <unistd.h>

#include <sys/file.h>
#include <sys/wait.h>

#include "common/base/clock.hpp"
#include "common/base/fd.hpp"

namespace {

constexpr int kDaemonMs = 60'000;

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "-" : value;
}

class Journal {
  public:
    explicit Journal(const char* file)
        : file_(::open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {}

    [[nodiscard]] bool say(const std::string& what, const std::string& who) const {
        const auto at = fleet::base::SystemClock().boot_now().time_since_epoch().count();
        const std::string line =
            what + " " + who + " " + std::to_string(::getpid()) + " " + std::to_string(at) + "\n";
        return ::write(file_.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size());
    }

  private:
    fleet::base::UniqueFd file_;
};

/// Takes its time, as `kind` says: alone, in a child, or leaving a daemon behind.
void work(const std::string& kind, int milliseconds) {
    if (kind == "plain") {
        ::poll(nullptr, 0, milliseconds);
        return;
    }
    const pid_t child = ::fork();
    if (child == 0) {
        if (kind == "daemon") {
            ::setsid();
        }
        ::poll(nullptr, 0, kind == "daemon" ? kDaemonMs : milliseconds);
        ::_exit(0);
    }
    if (kind == "daemon") {
        ::poll(nullptr, 0, milliseconds);
    } else if (child > 0) {
        ::waitpid(child, nullptr, 0);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        std::cerr << "usage: chaos_item JOURNAL LOCK_FOLDER MILLISECONDS plain|child|daemon\n";
        return 2;
    }
    const std::string execution = variable("FLEET_EXECUTION_ID");
    const std::string who =
        execution + " " + variable("FLEET_ATTEMPT") + " " + variable("FLEET_FENCING_TOKEN");
    const Journal journal(argv[1]);
    // Not closed on exec or fork: whatever this command starts holds it, too.
    const int lock =
        ::open((std::string(argv[2]) + "/" + execution).c_str(), O_RDWR | O_CREAT, 0600);
    const bool alone = lock >= 0 && ::flock(lock, LOCK_EX | LOCK_NB) == 0;
    if ((!alone && !journal.say("overlap", who)) || !journal.say("begin", who)) {
        return 1;
    }
    work(argv[4], std::atoi(argv[3]));
    if (!journal.say("end", who)) {
        return 1;
    }
    std::cout << who << std::endl;
    return 0;
}
