#include "common/base/clock.hpp"

#include <cerrno>
#include <ctime>
#include <fstream>

#include "common/base/errors.hpp"

namespace fleet::base {
namespace {

constexpr const char* kBootIdFile = "/proc/sys/kernel/random/boot_id";

std::chrono::nanoseconds read_clock(clockid_t clock, const char* name) {
    timespec now{};
    if (::clock_gettime(clock, &now) != 0) {
        throw Error(describe_errno(std::string("reading ") + name, errno));
    }
    return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
}

}  // namespace

BootTime SystemClock::boot_now() const {
    return BootTime{read_clock(CLOCK_BOOTTIME, "CLOCK_BOOTTIME")};
}

WallTime SystemClock::wall_now() const {
    return WallTime{std::chrono::floor<Millis>(read_clock(CLOCK_REALTIME, "CLOCK_REALTIME"))};
}

std::string SystemClock::boot_id() const {
    std::ifstream file(kBootIdFile);
    std::string id;
    if (!(file >> id)) {
        throw Error(std::string("reading the boot id from ") + kBootIdFile + ": nothing readable",
                    "mount /proc");
    }
    return id;
}

}  // namespace fleet::base
